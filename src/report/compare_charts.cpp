#include "report/compare_charts.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "report/flow_facts.hpp"
#include "report/flow_traces.hpp"

namespace thalweg::report {
namespace {

constexpr std::size_t kValues = 40000;  // of a chart, shared among its lines
constexpr std::size_t kFewestPoints = 600;

using Runs = std::vector<ComparedRun>;

/// A line of a process in a chart of several runs, if the run has it.
using MakeTrace = std::function<std::optional<Trace>(const RunData&, const Process&)>;

/// Which processes a chart opens with: the run and what predicts it.
bool opens(const RunData& run, const Process& process) {
  if (process.path == kDiscrete.path || process.path == kCentral.path) return true;
  return process.path == kRod.path && !has_process(run, kCentral);
}

void set_steps(SeriesChart& chart) {
  std::size_t rows = 0;
  for (const Trace& trace : chart.traces) rows = std::max(rows, trace.columns.front().size());
  chart.x.clear();
  for (std::size_t row = 0; row < rows; ++row) chart.x.push_back(static_cast<double>(row));
}

/// Opens at a range that shows the other runs where one that diverged would flatten them.
void mind_divergence(SeriesChart& chart, const Runs& runs) {
  double all = 0, sound = 0;
  for (const Trace& trace : chart.traces) {
    if (!trace.visible) continue;
    const double top = largest_value(trace.columns.front());
    all = std::max(all, top);
    const bool is_sound = std::any_of(runs.begin(), runs.end(), [&](const ComparedRun& run) {
      return trace.name.starts_with(run.name + ": ") && run.data.facts.text("status") != "diverged";
    });
    if (is_sound) sound = std::max(sound, top);
  }
  if (sound > 0 && all > 3 * sound) chart.ceiling = 1.25 * sound;
}

SeriesChart overlay(SeriesChart chart, const Runs& runs, const MakeTrace& make) {
  for (const ComparedRun& run : runs) {
    for (const Process& process : kProcesses) {
      if (process.path == kMidpoint.path) continue;
      auto trace = make(run.data, process);
      if (!trace) continue;
      trace->name = fmt::format("{}: {}", run.name, trace->name);
      trace->ink = run.ink;
      trace->stroke = process.among_runs;
      trace->width = process.path == kDiscrete.path ? 1.3 : 1.8;
      trace->opacity = process.path == kDiscrete.path ? 0.8 : 1;
      trace->visible = opens(run.data, process);
      chart.traces.push_back(std::move(*trace));
    }
  }
  // A stroke that nobody opens with would leave the chart empty.
  const bool any = std::any_of(
      chart.traces.begin(), chart.traces.end(), [](const Trace& trace) { return trace.visible; });
  for (Trace& trace : chart.traces) trace.visible = trace.visible || !any;
  mind_divergence(chart, runs);
  set_steps(chart);
  if (chart.empty()) return chart;
  return down_sample(std::move(chart), std::max(kFewestPoints, kValues / chart.traces.size()));
}

MakeTrace series(const char* name) {
  return [name](const RunData& run, const Process& process) {
    return process_trace(run, process, name);
  };
}

/// The run's average as a line of its own, and what each flow predicts of it.
MakeTrace average_of(const char* measured, const char* prediction) {
  return [=](const RunData& run, const Process& process) -> std::optional<Trace> {
    if (process.path == kDiscrete.path) return averaged_run(run, measured);
    auto trace = predicted(run, process, prediction);
    if (trace) trace->name = fmt::format("predicted by the {}", process.name);
    return trace;
  };
}

/// The step size of a process: the mean where every weight has its own.
std::optional<Trace> step_size(const RunData& run, const Process& process) {
  if (!opens(run, process) || (!is_adaptive(run) && process.path != kDiscrete.path)) return {};
  for (const char* name : {"opt.effective_step_size", "opt.ess_mean", "opt.lr"}) {
    if (auto trace = process_trace(run, process, name)) return trace;
  }
  return {};
}

bool have_one_edge(const Runs& runs) {
  return std::all_of(runs.begin(), runs.end(), [&](const ComparedRun& run) {
    return edge_threshold(run.data) == edge_threshold(runs.front().data);
  });
}

/// Optimizers with momentum have another edge: beside others the sharpness is shown in units of it.
SeriesChart sharpness_chart(const Runs& runs) {
  const bool one_edge = have_one_edge(runs);
  const MakeTrace eigenvalue = [&](const RunData& run, const Process& process) {
    auto trace = process_trace(run, process, "effective_hessian_eigs");
    if (!trace || one_edge) return trace;
    for (double& value : trace->columns.front()) value /= edge_threshold(run);
    return trace;
  };
  SeriesChart chart{
      .title = "Effective sharpness",
      .quantity =
          one_edge ? "leading eigenvalue of M⁻¹H" : "leading eigenvalue of M⁻¹H, over the edge",
      .takeaway = one_edge ? ""
                           : "The optimizers have different edges of stability, so each run is "
                             "drawn in units of its own.",
      .reference =
          ReferenceLine{one_edge ? edge_threshold(runs.front().data) : 1.0, "edge of stability"}};
  chart = overlay(std::move(chart), runs, eigenvalue);
  double shown = 0, all = 0;
  for (const Trace& trace : chart.traces) {
    const double top = largest_value(trace.columns.front());
    all = std::max(all, top);
    if (trace.visible) shown = std::max(shown, top);
  }
  if (!chart.ceiling && all > 1.6 * shown)
    chart.ceiling = 1.25 * std::max(shown, chart.reference->value);
  return chart;
}

SeriesChart step_size_chart(const Runs& runs) {
  const bool any_adaptive = std::any_of(
      runs.begin(), runs.end(), [](const ComparedRun& run) { return is_adaptive(run.data); });
  if (!any_adaptive) return {};
  return overlay({.title = "Effective step size",
                  .quantity = "step size",
                  .takeaway = "Where every weight has its own, their mean; without a second "
                              "moment, the learning rate.",
                  .log_axis = true},
                 runs,
                 step_size);
}

/// |w - w'| of every flow to the midpoints of its run, or to the run itself where it has none.
SeriesChart distance_chart(const Runs& runs) {
  const MakeTrace distance = [](const RunData& run,
                                const Process& process) -> std::optional<Trace> {
    if (process.path == kDiscrete.path) return {};
    for (const Process& other : {kMidpoint, kDiscrete}) {
      const auto [a, b] = std::minmax(process.path, other.path);
      const std::string path = fmt::format("distances/{}-{}", a, b);
      const std::string name = fmt::format("{} to {}", process.name, other.name);
      if (auto trace = column_trace(run, path, 0, process, name)) return trace;
    }
    return {};
  };
  return overlay({.title = "Distance of the flows to their runs",
                  .quantity = "distance in weight space, |w − w′|"},
                 runs,
                 distance);
}

}  // namespace

std::vector<SeriesChart> compare_charts(const Runs& runs) {
  std::vector<SeriesChart> charts = {
      overlay({.title = "Training loss", .quantity = "training loss"}, runs, series("train_loss")),
      overlay({.title = "Average training loss, measured and predicted",
               .quantity = "training loss",
               .takeaway = "From the edge on: the run's loss averaged over its oscillation, and "
                           "what the flows predict of it."},
              runs,
              average_of("train_loss", "predicted_loss")),
      sharpness_chart(runs),
      overlay({.title = "Squared gradient norm", .quantity = "|gradient|²", .log_axis = true},
              runs,
              series("grad_norm_sq")),
      step_size_chart(runs),
      overlay({.title = "Test loss", .quantity = "loss on the test examples"},
              runs,
              series("test_loss")),
      overlay({.title = "Test accuracy", .quantity = "share of test examples classified rightly"},
              runs,
              series("test_acc")),
      distance_chart(runs)};
  std::erase_if(charts, [](const SeriesChart& chart) { return chart.empty(); });
  for (SeriesChart& chart : charts) {
    chart.log_axis = chart.log_axis && smallest_value(chart) > 0;
  }
  return charts;
}

std::vector<Trace> stroke_legend(const Runs& runs) {
  std::vector<Trace> out;
  for (const Process& process : kProcesses) {
    if (process.path == kMidpoint.path) continue;  // too near to the run to tell them apart
    const bool any = std::any_of(runs.begin(), runs.end(), [&](const ComparedRun& run) {
      return has_process(run.data, process);
    });
    if (any) {
      out.push_back({.name = std::string(process.name), .stroke = process.among_runs});
    }
  }
  return out;
}

}  // namespace thalweg::report
