#pragma once

#include <cstdint>
#include <string>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// The options of every command that makes a run.
struct CommonOptions {
  std::string config;
  std::string out;
  std::string name;
  std::int64_t seed = 0;
  std::int64_t threads = 0;  ///< 0 = all available
  std::string memory;        ///< a size, "" = no limit
  std::string device = "cpu";
  std::string dtype = "float32";
  std::string resume;
  bool quiet = false;
  bool json = false;
  bool dry_run = false;
  bool force = false;
};

void add_settings(run::Settings& settings, CommonOptions& options);

/// The setting --out of every command that makes or reads runs, with its default: the folder that
/// the environment variable THALWEG_RUNS names, or "runs".
void add_out_setting(run::Settings& settings,
                     std::string& out,
                     const std::string& group = "Options");

/// Fills in the number of threads where none is given, here and in `settings`, which a run records.
void resolve_threads(run::Settings& settings, CommonOptions& options);

/// @throws InvalidArgument  a memory size or device that cannot be understood
void check(const CommonOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
