#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "common_options.hpp"
#include "problem_options.hpp"

namespace thalweg::app {

/// Everything `thalweg flow` can be told. What each setting means is said once, in
/// flow_options.cpp.
struct FlowOptions {
  CommonOptions common;
  ProblemOptions problem;

  std::string optimizer = "gd";
  std::optional<double> learning_rate;
  std::string schedule = "constant";
  double momentum = 0.9;
  double beta1 = 0.9;
  std::optional<double> beta2;    ///< 0.99; adam: 0.999
  std::optional<double> epsilon;  ///< 0; adam: 1e-8
  bool bias_correction = false;   ///< adam: true
  std::int64_t steps = 160;
  std::int64_t warm_start = 0;

  std::vector<std::string> processes = {"discrete", "midpoint", "central", "stable"};
  std::int64_t substeps = 4;
  double tolerance = 0;    ///< 0 = as many substeps as given
  double return_time = 0;  ///< steps; 0 = a substep
  double stable_limit = 100;
  std::optional<double> critical_threshold;  ///< 1.95; rmsprop: 1.6
  double track_threshold = 1.5;
  std::int64_t max_eigenpairs = 16;
  double eigen_tolerance = 0;               ///< 0 = by dtype
  std::int64_t eigen_every = 1;             ///< steps; -1 = never
  std::int64_t third_derivative_every = 0;  ///< substeps; 0 = as needed

  std::int64_t checkpoint_every = 0;  ///< steps; 0 = about once a minute
  std::int64_t outputs = 10;          ///< examples
  std::int64_t coordinates = 25;
  bool raw_eigenvalues = false;
  std::int64_t preconditioners_every = 0;  ///< steps; 0 = never
};

void add_settings(run::Settings& settings, FlowOptions& options);

/// Fills in the defaults that depend on the optimizer.
void resolve(run::Settings& settings, FlowOptions& options);

/// @throws InvalidArgument, BadInput  in the words of a user
void check(const FlowOptions& options, const run::Settings& settings);

/// `thalweg flow`; without `run`, only what can be said about it.
Command flow_command(RunFunction<FlowOptions> run = nullptr);

/// Runs the optimizer and the flows, writes the run folder. (In thalweg-torch.)
int run_flow(const FlowOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
