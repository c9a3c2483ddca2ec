#include "flow_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::app {
namespace {

void add_optimizer_settings(run::Settings& settings, FlowOptions& options) {
  const std::string group = "Optimizer";
  settings.add({.name = "optimizer",
                .target = &options.optimizer,
                .help = "rule that is run and, but for momentum and adam, predicted",
                .choices = {"gd", "scalar-rmsprop", "rmsprop", "momentum", "adam"},
                .group = group});
  settings.add(
      {.name = "learning-rate",
       .target = &options.learning_rate,
       .help =
           "step size; by default nine tenths of the largest stable one at the start, or after a "
           "short warm start of an optimizer with second moments",
       .metavar = "R",
       .minimum = 0,
       .aliases = {"--lr"},
       .group = group});
  settings.add({.name = "schedule",
                .target = &options.schedule,
                .help = "constant, linear-warmup:N or cosine:N, over N steps",
                .metavar = "SCHEDULE",
                .group = group});
  settings.add({.name = "momentum",
                .target = &options.momentum,
                .help = "of the optimizer momentum: m <- M m + gradient",
                .metavar = "M",
                .minimum = 0,
                .maximum = 1,
                .group = group});
  settings.add({.name = "beta1",
                .target = &options.beta1,
                .help = "of adam: decay of the averaged gradient",
                .metavar = "B",
                .minimum = 0,
                .maximum = 1,
                .group = group});
  settings.add({.name = "beta2",
                .target = &options.beta2,
                .help = "decay of the averaged squared gradient; 0.99, for adam 0.999",
                .metavar = "B",
                .minimum = 0,
                .maximum = 1,
                .group = group});
  settings.add({.name = "epsilon",
                .target = &options.epsilon,
                .help = "added to the root of the averaged squared gradient; 0, for adam 1e-8",
                .metavar = "E",
                .minimum = 0,
                .group = group});
  settings.add({.name = "bias-correction",
                .target = &options.bias_correction,
                .help = "divide the averages by 1 - beta^t; on by default for adam only",
                .group = group});
  settings.add({.name = "steps",
                .target = &options.steps,
                .help = "optimizer steps; one is a unit of time of the flows",
                .metavar = "T",
                .minimum = 1,
                .group = group});
  settings.add(
      {.name = "warm-start",
       .target = &options.warm_start,
       .help = "discrete steps before the flows begin; 20 by default where neither the learning "
               "rate nor second moments are given",
       .minimum = 0,
       .group = group});
}

void add_process_settings(run::Settings& settings, FlowOptions& options) {
  const std::string group = "Processes";
  settings.add(
      {.name = "processes",
       .target = &options.processes,
       .help = "what to run: the optimizer, its smoothed path, its predicted average, the flow "
               "without oscillations, the rod flow, and the central flow with its second moment "
               "at rest or without curvature penalty",
       .metavar = "LIST",
       .choices = {"discrete", "midpoint", "central", "stable", "rod", "stationary", "ablated"},
       .group = group});
  settings.add({.name = "substeps",
                .target = &options.substeps,
                .help = "substeps of the central and the rod flow in a step",
                .metavar = "M",
                .minimum = 1,
                .maximum = 64,
                .group = group});
  settings.add({.name = "tolerance",
                .target = &options.tolerance,
                .help = "relative error of a step of the central flow that its substeps are "
                        "adapted to, such as 0.05; 0 = always --substeps",
                .minimum = 0,
                .maximum = 1,
                .group = group});
  settings.add({.name = "return-time",
                .target = &options.return_time,
                .help = "steps in which an eigenvalue above the edge returns to it; 0 = a substep",
                .minimum = 0,
                .group = group});
  settings.add({.name = "stable-limit",
                .target = &options.stable_limit,
                .help = "effective sharpness at which the stable flow stops for good",
                .minimum = 2,
                .group = group});
}

void add_curvature_settings(run::Settings& settings, FlowOptions& options) {
  const std::string group = "Curvature";
  settings.add({.name = "max-eigenpairs",
                .target = &options.max_eigenpairs,
                .help = "Hessian eigenpairs to track at most",
                .metavar = "K",
                .minimum = 1,
                .group = group});
  settings.add(
      {.name = "critical-threshold",
       .target = &options.critical_threshold,
       .help = "effective eigenvalues above this may oscillate (the edge is 2); 1.95, for rmsprop "
               "1.6",
       .minimum = 0,
       .maximum = 2,
       .group = group});
  settings.add({.name = "track-threshold",
                .target = &options.track_threshold,
                .help = "effective eigenvalues above this are tracked",
                .minimum = 0,
                .maximum = 2,
                .group = group});
  settings.add({.name = "eigen-tolerance",
                .target = &options.eigen_tolerance,
                .help = "relative residual of an eigenpair; 0 = what the precision allows",
                .minimum = 0,
                .maximum = 1,
                .group = group});
  settings.add({.name = "eigen-every",
                .target = &options.eigen_every,
                .help = "steps between spectra of discrete and midpoint; -1 = never",
                .minimum = -1,
                .group = group});
  settings.add(
      {.name = "third-derivative-every",
       .target = &options.third_derivative_every,
       .help = "substeps between fresh third derivatives; 0 = as often as the Hessian needs",
       .minimum = 0,
       .group = group});
}

void add_record_settings(run::Settings& settings, FlowOptions& options) {
  const std::string group = "Record";
  settings.add({.name = "outputs",
                .target = &options.outputs,
                .help = "examples whose network outputs are recorded",
                .minimum = 0,
                .group = group});
  settings.add({.name = "coordinates",
                .target = &options.coordinates,
                .help = "weights whose squared gradients and second moments are recorded",
                .minimum = 0,
                .group = group});
  settings.add({.name = "raw-eigenvalues",
                .target = &options.raw_eigenvalues,
                .help = "record the plain Hessian's eigenvalues too, where M is no number",
                .group = group});
  settings.add({.name = "preconditioners-every",
                .target = &options.preconditioners_every,
                .help = "steps between comparisons of rmsprop's step sizes with its stationary and "
                        "with the best ones, for up to 1000 weights; 0 = never",
                .minimum = 0,
                .group = group});
  settings.add({.name = "checkpoint-every",
                .target = &options.checkpoint_every,
                .help = "steps between checkpoints; 0 = about once a minute",
                .minimum = 0,
                .group = group});
}

bool has_momentum(const FlowOptions& options) {
  return options.optimizer == "adam" || options.optimizer == "momentum";
}

bool has_second_moment(const FlowOptions& options) {
  return options.optimizer == "adam" || options.optimizer.ends_with("rmsprop");
}

/// A setting that another optimizer has.
void require_optimizer(const run::Settings& settings,
                       const char* setting,
                       bool fits,
                       const char* optimizers,
                       const FlowOptions& options) {
  if (fits || !settings.given(setting)) return;
  throw InvalidArgument(
      fmt::format("--{}", setting),
      fmt::format("is a setting of --optimizer {}; this is {}.", optimizers, options.optimizer));
}

void check_optimizer(const FlowOptions& options, const run::Settings& settings) {
  const auto require = [&](const char* setting, bool fits, const char* optimizers) {
    require_optimizer(settings, setting, fits, optimizers, options);
  };
  require("momentum", options.optimizer == "momentum", "momentum");
  require("beta1", options.optimizer == "adam", "adam");
  for (const char* setting : {"beta2", "epsilon", "bias-correction"}) {
    require(setting, has_second_moment(options), "scalar-rmsprop, rmsprop or adam");
  }
  for (const std::string& process : options.processes) {
    if (process == "discrete" || process == "midpoint") continue;
    if (has_momentum(options) && settings.chosen("processes")) {
      throw InvalidArgument(
          "--processes",
          fmt::format("there is no {} flow for an optimizer with momentum: its step depends on the "
                      "past, which the theory does not cover. Run discrete and midpoint, or "
                      "another --optimizer.",
                      process));
    }
    if ((process == "stationary" || process == "ablated") && !has_second_moment(options)) {
      throw InvalidArgument("--processes",
                            fmt::format("the {} flow is one of scalar-rmsprop and rmsprop; "
                                        "gradient descent has no second moment.",
                                        process));
    }
  }
}

}  // namespace

void add_settings(run::Settings& settings, FlowOptions& options) {
  add_optimizer_settings(settings, options);
  add_settings(settings, options.problem);
  add_process_settings(settings, options);
  add_curvature_settings(settings, options);
  add_record_settings(settings, options);
  add_settings(settings, options.common);
}

void resolve(run::Settings& settings, FlowOptions& options) {
  const bool adam = options.optimizer == "adam";
  const auto fill = [&](const char* name, std::optional<double>& value, double preset) {
    if (value) return;
    value = preset;
    settings.set(name, {round_trip(preset)});
  };
  fill("beta2", options.beta2, adam ? 0.999 : 0.99);
  fill("epsilon", options.epsilon, adam ? 1e-8 : 0);
  // Its preconditioner turns the eigenvectors within a step, into directions further from the edge.
  fill("critical-threshold",
       options.critical_threshold,
       options.optimizer == "rmsprop" ? std::max(1.6, options.track_threshold) : 1.95);
  if (adam && !settings.chosen("bias-correction")) {
    options.bias_correction = true;
    settings.set("bias-correction", {"true"});
  }
  if (has_momentum(options) && !settings.chosen("processes")) {
    options.processes = {"discrete", "midpoint"};
    settings.set("processes", options.processes);
  }
}

void check(const FlowOptions& options, const run::Settings& settings) {
  check(options.common, settings);
  check(options.problem, settings);
  check_optimizer(options, settings);
  if (options.processes.empty()) {
    throw InvalidArgument("--processes", "name at least one process to run.");
  }
  if (options.learning_rate == 0.0) {
    throw InvalidArgument("--learning-rate", "must be above 0: with 0 nothing moves.");
  }
  if (options.critical_threshold && options.track_threshold > *options.critical_threshold) {
    throw InvalidArgument(
        "--track-threshold",
        "must not exceed --critical-threshold: what is critical has to be tracked.");
  }
}

Command flow_command(RunFunction<FlowOptions> run) {
  Command command{
      .name = "flow",
      .group = "Dynamics",
      .summary = "Run an optimizer beside the flows that predict it",
      .description =
          "Trains a network by full-batch gradient descent, RMSProp or another optimizer and "
          "integrates, from the same weights, the central flow (the predicted time-average of the "
          "run) and the stable flow (which ignores oscillations). Says how sharp the loss becomes, "
          "when the run enters the edge of stability, and how far off each prediction is, with a "
          "report in the run folder.",
      .example = "thalweg flow --learning-rate 0.05 --model-option hidden=64,64 --steps 300",
      .sources = {"J. Cohen, A. Damian, A. Talwalkar, J. Z. Kolter, J. D. Lee. Understanding "
                  "Optimization in "
                  "Deep Learning with Central Flows. ICLR 2025, arXiv:2410.24206.",
                  "E. Regis, S. Chewi. Rod Flow. 2026, arXiv:2602.01480."},
      .program = "thalweg-torch",
      .settings = run::Settings("flow")};
  bind_options(command, run);
  return command;
}

}  // namespace thalweg::app
