#pragma once

#include <cstdint>

#include "command.hpp"
#include "common_options.hpp"
#include "problem_options.hpp"

namespace thalweg::app {

/// Everything `thalweg spectrum` can be told. What each setting means is said once, in
/// spectrum_options.cpp.
struct SpectrumOptions {
  CommonOptions common;
  ProblemOptions problem;

  std::int64_t eigenpairs = 10;
  double eigen_tolerance = 0;  ///< 0 = by dtype
  bool density = false;
  bool per_layer = false;
  std::int64_t probes = 8;
  std::int64_t lanczos_steps = 60;
};

void add_settings(run::Settings& settings, SpectrumOptions& options);

/// @throws InvalidArgument, BadInput  in the words of a user
void check(const SpectrumOptions& options, const run::Settings& settings);

/// `thalweg spectrum`; without `run`, only what can be said about it.
Command spectrum_command(RunFunction<SpectrumOptions> run = nullptr);

/// Computes the spectrum, writes the run folder. (In thalweg-torch.)
int run_spectrum(const SpectrumOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
