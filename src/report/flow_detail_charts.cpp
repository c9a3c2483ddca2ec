// The charts of a flow run below its main ones: one direction, output or quantity each.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "report/flow_charts.hpp"
#include "report/flow_facts.hpp"
#include "report/flow_traces.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr std::size_t kDirections = 6;  // charts of variances at most
constexpr std::size_t kOutputs = 4;     // charts of outputs at most

void drop_empty(std::vector<SeriesChart>& charts) {
  std::erase_if(charts, [](const SeriesChart& chart) { return chart.empty(); });
}

std::string variance_takeaway(const RunData& run, std::size_t direction) {
  const auto ratios = run.facts.numbers("results.prediction.variance_ratio.directions");
  if (direction >= ratios.size() || std::isnan(ratios[direction])) return "";
  return fmt::format("On average the prediction is **{}** of the measurement ({}).",
                     percent_text(ratios[direction]),
                     verdict(ratios[direction] - 1).word);
}

SeriesChart variance_chart(const RunData& run, std::size_t direction) {
  const auto column = static_cast<std::int64_t>(direction);
  SeriesChart chart{.title = fmt::format("Direction {}", direction + 1),
                    .quantity = "variance of the oscillation",
                    .takeaway = variance_takeaway(run, direction)};
  if (auto trace =
          column_trace(run, "measured_variances", column, kDiscrete, "measured, smoothed")) {
    chart.traces.push_back(std::move(*trace));
  }
  if (auto trace =
          column_trace(run, "central/predicted_variances", column, kCentral, "predicted")) {
    chart.traces.push_back(std::move(*trace));
  }
  set_steps(chart, run);
  return chart;
}

/// Where an output's column lies among examples and outputs, if the run says how many there are of
/// each.
std::string output_title(const RunData& run, std::int64_t column) {
  const auto width = run.facts.number("results.outputs_per_example");
  if (!width || *width < 1) return fmt::format("Output {}", column + 1);
  const auto outputs = std::llround(*width);
  return fmt::format("Example {}, output {}", column / outputs + 1, column % outputs + 1);
}

SeriesChart output_chart(const RunData& run, std::int64_t column) {
  SeriesChart chart{.title = output_title(run, column), .quantity = "network output"};
  for (const Process& process : kProcesses) {
    if (process.path == kMidpoint.path) continue;
    auto trace = column_trace(
        run, path_of(process, "train_outputs"), column, process, std::string(process.name));
    if (trace) chart.traces.push_back(std::move(*trace));
  }
  if (auto trace = predicted(run, kCentral, "predicted_outputs", column)) {
    chart.traces.push_back(std::move(*trace));
  }
  set_steps(chart, run);
  return chart;
}

// --- step sizes
// ------------------------------------------------------------------------------------

/// The largest step size at which a process is stable, 2/S, for its colours.
std::optional<Trace> largest_stable(const RunData& run, const Process& process) {
  auto values = run.column(path_of(process, "hessian_eigs"));
  if (std::isnan(first_value(values))) return {};
  for (double& value : values) value = value > 0 ? edge_threshold(run) / value : NAN;
  return Trace{.name = fmt::format("{}/S, {}", edge_text(run), process.name),
               .ink = process.ink,
               .columns = {std::move(values)},
               .stroke = Stroke::kDotted,
               .width = 1.6};
}

/// Opens at a range that the first steps do not spoil, in which step sizes may fall by orders of
/// magnitude.
void open_at_later_values(SeriesChart& chart) {
  double later = 0, all = 0;
  for (const Trace& trace : chart.traces) {
    for (const auto& column : trace.columns) {
      all = std::max(all, largest_value(column));
      const auto tenth = static_cast<std::ptrdiff_t>(column.size() / 10);
      later = std::max(later, largest_value({column.begin() + tenth, column.end()}));
    }
  }
  if (later > 0 && all > 3 * later) chart.ceiling = 1.25 * later;
}

SeriesChart effective_step_chart(const RunData& run) {
  SeriesChart chart =
      process_chart(run, "opt.effective_step_size", "Effective step size", "step size η/(√ν + ε)");
  if (chart.empty()) return chart;
  const std::string largest = edge_text(run) + "/S";
  for (const Process& process : {kDiscrete, kCentral}) {
    if (auto trace = largest_stable(run, process)) chart.traces.push_back(std::move(*trace));
  }
  chart.takeaway = fmt::format(
      "{} is the largest step at which the optimizer is stable. At the edge the flow's own step "
      "size is just that.",
      largest);
  open_at_later_values(chart);
  set_steps(chart, run);
  return chart;
}

SeriesChart with_takeaway(SeriesChart chart, const std::string& takeaway) {
  chart.takeaway = takeaway;
  return chart;
}

SeriesChart learning_rate_chart(const RunData& run) {
  const auto of = [&](const Process& process) { return run.column(path_of(process, "opt.lr")); };
  const bool varies = std::any_of(
      kProcesses.begin(), kProcesses.end(), [&](const Process& p) { return !is_constant(of(p)); });
  if (!varies) return {};
  SeriesChart chart{.title = "Learning rate", .quantity = "learning rate"};
  for (const Process& process : {kDiscrete, kCentral, kRod, kStable}) {
    // All processes follow one schedule: the first tells it.
    if (auto trace = process_trace(run, process, "opt.lr")) {
      trace->name = "learning rate";
      chart.traces.push_back(std::move(*trace));
      break;
    }
  }
  set_steps(chart, run);
  return chart;
}

// --- test examples
// ---------------------------------------------------------------------------------

/// A quantity on test examples in the processes' own strokes, that on training examples dotted.
SeriesChart beside_training(const RunData& run,
                            const char* test,
                            const char* training,
                            const std::string& title,
                            const std::string& quantity) {
  SeriesChart chart{.title = title, .quantity = quantity};
  for (const Process& process : kProcesses) {
    auto on_test = process_trace(run, process, test);
    if (!on_test) continue;
    const bool shown = process.path == kDiscrete.path || process.path == kCentral.path;
    on_test->name = fmt::format("{}, test", process.name);
    on_test->visible = shown;
    chart.traces.push_back(std::move(*on_test));
    if (auto on_training = process_trace(run, process, training)) {
      on_training->name = fmt::format("{}, training", process.name);
      on_training->stroke = Stroke::kDotted;
      on_training->width = 1.3;
      on_training->visible = shown;
      chart.traces.push_back(std::move(*on_training));
    }
  }
  set_steps(chart, run);
  return chart;
}

/// Of the flows that find their directions: the rod always has one.
SeriesChart rank_chart(const RunData& run) {
  SeriesChart chart =
      process_chart(run, "flow_aux/rank", "Unstable directions", "number of directions");
  std::erase_if(chart.traces, [](const Trace& trace) { return trace.ink == kRod.ink; });
  return chart;
}

SeriesChart substeps_chart(const RunData& run) {
  SeriesChart chart{.title = "Substeps of the flows", .quantity = "Euler steps a step"};
  bool varies = false;
  for (const Process& process : kProcesses) {
    const char* series = process.path == kStable.path ? "substeps" : "flow_aux/substeps";
    auto trace = process_trace(run, process, series);
    if (!trace) continue;
    varies = varies || !is_constant(trace->columns.front());
    chart.traces.push_back(std::move(*trace));
  }
  if (!varies) return {};
  set_steps(chart, run);
  return chart;
}

}  // namespace

std::vector<SeriesChart> variance_charts(const RunData& run) {
  const std::size_t measured = run.columns("measured_variances").size();
  const std::size_t promised = run.columns("central/predicted_variances").size();
  const std::size_t directions = std::min(std::max(measured, promised), kDirections);
  std::vector<SeriesChart> charts;
  for (std::size_t d = 0; d < directions; ++d) charts.push_back(variance_chart(run, d));
  return charts;
}

std::vector<SeriesChart> output_charts(const RunData& run) {
  const run::Series* outputs = run.find("discrete/train_outputs");
  if (outputs == nullptr) return {};
  const auto count = std::min<std::int64_t>(outputs->columns, kOutputs);
  std::vector<SeriesChart> charts;
  for (std::int64_t i = 0; i < count; ++i) {
    // Rounded to the middle of equal shares, so that the outputs come from different examples.
    charts.push_back(output_chart(run, (2 * i + 1) * outputs->columns / (2 * count)));
  }
  return charts;
}

std::vector<SeriesChart> step_size_charts(const RunData& run) {
  std::vector<SeriesChart> charts = {
      effective_step_chart(run),
      with_takeaway(
          process_chart(run, "opt.ess_mean", "Mean effective step size", "step size"),
          "Weights with small gradients take large steps, and few of them make the mean."),
      with_takeaway(process_chart(run,
                                  "opt.ess_harmonic_mean",
                                  "Harmonic mean of the effective step sizes",
                                  "step size"),
                    "The smallest steps count most here: those along large gradients."),
      process_chart(run, "opt.nu", "Second moment", "ν, averaged |gradient|²"),
      process_chart(run, "opt.nu_l1", "Second moment, sum over the weights", "sum of ν"),
      learning_rate_chart(run)};
  drop_empty(charts);
  for (SeriesChart& chart : charts) {
    if (!chart.ceiling) open_at_later_values(chart);
  }
  return charts;
}

std::vector<SeriesChart> test_charts(const RunData& run) {
  std::vector<SeriesChart> charts = {beside_training(run,
                                                     "test_loss",
                                                     "train_loss",
                                                     "Test loss beside training loss",
                                                     with_unit("loss", run, "discrete/test_loss")),
                                     beside_training(run,
                                                     "test_acc",
                                                     "train_acc",
                                                     "Test accuracy beside training accuracy",
                                                     "share of examples classified rightly")};
  drop_empty(charts);
  return charts;
}

std::vector<SeriesChart> further_charts(const RunData& run) {
  std::vector<SeriesChart> charts = {
      process_chart(run, "train_acc", "Training accuracy", "share of examples classified rightly"),
      rank_chart(run),
      process_chart(run, "sigma_trace", "Size of the oscillation", "trace of Σ, squared weights"),
      substeps_chart(run),
      process_chart(run, "flow_aux/error", "Estimated error of the integration", "relative error")};
  drop_empty(charts);
  return charts;
}

}  // namespace thalweg::report
