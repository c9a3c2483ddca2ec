#include "flow_options.hpp"

#include "thalweg/base/error.hpp"

namespace thalweg::app {
namespace {

void add_optimizer_settings(run::Settings& settings, FlowOptions& options) {
  const std::string group = "Optimizer";
  settings.add({.name = "optimizer",
                .target = &options.optimizer,
                .help = "rule that is run and predicted: gradient descent",
                .choices = {"gd"},
                .group = group});
  settings.add(
      {.name = "learning-rate",
       .target = &options.learning_rate,
       .help = "step size; where none is given, nine tenths of the largest stable one at the start",
       .metavar = "R",
       .minimum = 0,
       .group = group});
  settings.add({.name = "steps",
                .target = &options.steps,
                .help = "optimizer steps; one is a unit of time of the flows",
                .metavar = "T",
                .minimum = 1,
                .group = group});
  settings.add({.name = "warm-start",
                .target = &options.warm_start,
                .help = "discrete steps before the flows begin",
                .minimum = 0,
                .group = group});
}

void add_process_settings(run::Settings& settings, FlowOptions& options) {
  const std::string group = "Processes";
  settings.add(
      {.name = "processes",
       .target = &options.processes,
       .help = "what to run: the optimizer, its smoothed path, its predicted average, and the flow "
               "without oscillations",
       .metavar = "LIST",
       .choices = {"discrete", "midpoint", "central", "stable"},
       .group = group});
  settings.add({.name = "substeps",
                .target = &options.substeps,
                .help = "substeps of the central flow in a step",
                .metavar = "M",
                .minimum = 1,
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
       .help = "effective eigenvalues above this may oscillate (the edge of stability is 2)",
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
  settings.add({.name = "checkpoint-every",
                .target = &options.checkpoint_every,
                .help = "steps between checkpoints; 0 = about once a minute",
                .minimum = 0,
                .group = group});
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

void check(const FlowOptions& options, const run::Settings& settings) {
  check(options.common, settings);
  check(options.problem, settings);
  if (options.processes.empty()) {
    throw InvalidArgument("--processes", "name at least one process to run.");
  }
  if (options.learning_rate == 0.0) {
    throw InvalidArgument("--learning-rate", "must be above 0: with 0 nothing moves.");
  }
  if (options.track_threshold > options.critical_threshold) {
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
          "Trains a network by full-batch gradient descent and integrates, from the same weights, "
          "the "
          "central flow (the predicted time-average of the run) and the stable flow (which ignores "
          "oscillations). Says how sharp the loss becomes, when the run enters the edge of "
          "stability, and "
          "how far off each prediction is, with a report in the run folder.",
      .example = "thalweg flow --learning-rate 0.05 --model-option hidden=64,64 --steps 300",
      .sources = {"J. Cohen, A. Damian, A. Talwalkar, J. Z. Kolter, J. D. Lee. Understanding "
                  "Optimization in "
                  "Deep Learning with Central Flows. ICLR 2025, arXiv:2410.24206."},
      .settings = run::Settings("flow")};
  bind_options(command, run);
  return command;
}

}  // namespace thalweg::app
