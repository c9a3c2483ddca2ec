#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "common_options.hpp"

namespace thalweg::app {

/// Everything `thalweg exponent` can be told. What each setting means is said once, in
/// exponent_options.cpp.
struct ExponentCommandOptions {
  CommonOptions common;
  std::string link = "h3";
  std::string noise = "none";
  std::int64_t max_order = 8;
  std::vector<std::string> breakpoints;
  std::string table;
  std::vector<std::string> index;
  std::string response;
  std::optional<std::int64_t> dimension;
  double overlap = 0.5;
  bool links = false;
};

void add_settings(run::Settings& settings, ExponentCommandOptions& options);

/// @throws InvalidArgument  in the words of a user
void check(const ExponentCommandOptions& options, const run::Settings& settings);

/// `thalweg exponent`; without `run`, only what can be said about it.
Command exponent_command(RunFunction<ExponentCommandOptions> run = nullptr);

/// Finds the exponents of a link or of samples, writes the run folder. (In thalweg-index.)
int run_exponent(const ExponentCommandOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
