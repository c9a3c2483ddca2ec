#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command.hpp"
#include "common_options.hpp"
#include "race_options.hpp"

namespace thalweg::app {

/// Everything `thalweg tensorpca` can be told. What each setting means is said once, in
/// tensorpca_options.cpp.
struct TensorpcaOptions {
  CommonOptions common;
  RaceSettings race = {.dimension = "auto"};

  std::int64_t order = 3;
  std::vector<std::string> methods;  ///< empty = all of them
  std::string average = "iterates";
  bool refine = false;
};

void add_settings(run::Settings& settings, TensorpcaOptions& options);

/// Its race, with dimensions in which all methods take about a minute where none are given.
RaceSettings race_of(const TensorpcaOptions& options);

/// @throws InvalidArgument  in the words of a user
void check(const TensorpcaOptions& options, const run::Settings& settings);

/// `thalweg tensorpca`; without `run`, only what can be said about it.
Command tensorpca_command(RunFunction<TensorpcaOptions> run = nullptr);

/// Races methods on spiked tensors, writes the run folder. (In thalweg-index.)
int run_tensorpca(const TensorpcaOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
