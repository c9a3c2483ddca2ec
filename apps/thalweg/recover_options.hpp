#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "common_options.hpp"
#include "race_options.hpp"

namespace thalweg::app {

/// Everything `thalweg recover` can be told. What each setting means is said once, in
/// recover_options.cpp.
struct RecoverOptions {
  CommonOptions common;
  RaceSettings race = {.dimension = "16,24,32,48,64"};

  std::string link = "T3";
  std::string noise = "none";
  std::optional<std::int64_t> order;  ///< by default found from the link
  std::string labels = "auto";
  std::vector<std::string> methods;  ///< empty = those that suit the link

  std::int64_t slices = 0;  ///< 0 = by the method
  std::string kernel = "slices";
  bool refine = true;
  std::string radius = "default";
  std::optional<double> radius_exponent;
  double rate_scale = 0.2;
  std::int64_t passes = 1;
  std::string average = "iterates";
};

void add_settings(run::Settings& settings, RecoverOptions& options);

/// @throws InvalidArgument  in the words of a user
void check(const RecoverOptions& options, const run::Settings& settings);

/// `thalweg recover`; without `run`, only what can be said about it.
Command recover_command(RunFunction<RecoverOptions> run = nullptr);

/// Races estimators on planted index models, writes the run folder. (In thalweg-index.)
int run_recover(const RecoverOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
