#include "report/flow_charts.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "report/flow_facts.hpp"
#include "report/flow_traces.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr std::int64_t kEigenvalues = 6;  // lines a process at most
constexpr double kFlattening =
    1.6;  // the stable flow's top over the others' that calls for a ceiling
constexpr double kHeadroom = 1.25;
constexpr double kHovers = 0.3;     // about the edge, relative
constexpr double kFarBelow = 0.25;  // of the edge: a line there would flatten all others

bool reached_the_edge(const RunData& run) {
  return run.facts.number("results.edge.first_step").has_value();
}

/// A measured quantity of every process, with its average and the flows' predictions of it.
SeriesChart predicted_chart(const RunData& run,
                            std::string_view measured,
                            std::string_view prediction) {
  SeriesChart chart;
  add_process_traces(chart, run, measured);
  std::vector<Trace> promised;
  for (const Process& process : kProcesses) {
    if (auto trace = predicted(run, process, prediction)) promised.push_back(std::move(*trace));
  }
  if (auto average = averaged_run(run, measured); average && !promised.empty()) {
    for (Trace& trace : chart.traces) trace.opacity = trace.ink == Ink::kDiscrete ? 0.45 : 1;
    chart.traces.push_back(std::move(*average));
  }
  std::move(promised.begin(), promised.end(), std::back_inserter(chart.traces));
  hide_midpoint(chart, run);
  set_steps(chart, run);
  return chart;
}

std::string error_clause(const RunData& run, std::string_view error) {
  const auto value = run.facts.number(error);
  if (!value) return "";
  return fmt::format(" Here the prediction is {} ({}).", within_text(*value), verdict(*value).word);
}

std::string loss_takeaway(const RunData& run) {
  if (run.find("central/predicted_loss") == nullptr) return "The training loss of each process.";
  std::string out =
      "The central flow slides along the floor; adding what the oscillation costs gives the loss "
      "the run should show on average." +
      error_clause(run, "results.prediction.loss_error");
  if (const auto error = run.facts.number("results.prediction.rod_loss_error")) {
    out +=
        fmt::format(" That of the rod flow is {} ({}).", within_text(*error), verdict(*error).word);
  }
  return out;
}

/// How the flows' largest eigenvalue behaves at the edge, as far as they were run.
std::string held_clause(const RunData& run) {
  const bool stable = has_process(run, kStable);
  if (central_flow_is_held(run.facts)) {
    return stable ? ", where the central flow is held and the stable flow is not"
                  : ", where the central flow is held";
  }
  if (const auto largest = largest_central_sharpness(run.facts))
    return fmt::format("; that of the central flow reached {}", strong(*largest, 4));
  return stable ? ", while the stable flow goes on" : "";
}

std::string sharpness_takeaway(const RunData& run) {
  const auto values = run.column("discrete/effective_hessian_eigs");
  const double mean = mean_from(values, values.size() / 2);
  if (std::isnan(mean)) return "The largest eigenvalues of the preconditioned Hessian, by process.";
  if (!reached_the_edge(run)) {
    return fmt::format(
        "Over the second half of the run the largest eigenvalue averaged **{}**; above {} steps "
        "along its direction would overshoot ever further.",
        number_text(mean),
        edge_text(run));
  }
  const bool hovers = std::abs(mean / edge_threshold(run) - 1) < kHovers;
  return fmt::format("Over the second half the run's largest eigenvalue averaged **{}**: {} {}{}.",
                     number_text(mean),
                     hovers ? "it rises to the edge and hovers there, at" : "the edge is at",
                     edge_text(run),
                     held_clause(run));
}

std::string gradient_takeaway(const RunData& run) {
  if (!reached_the_edge(run)) return "The squared norm of the gradient, by process.";
  const std::string all = "Most of the run's gradient belongs to the oscillation and cancels out";
  if (!has_process(run, kCentral)) {
    return all + (has_process(run, kMidpoint) ? "; what remains is that of the midpoint." : ".");
  }
  return all + "; the central flow's own gradient is what remains of it." +
         error_clause(run, "results.prediction.gradient_norm2_error");
}

std::string distance_takeaway(const RunData& run) {
  const bool central = has_process(run, kCentral), stable = has_process(run, kStable);
  if (!central) return "How far the processes are from each other at the same step.";
  return std::string(
             "If the theory holds, the distance of the central flow to the midpoint of the "
             "run stays small") +
         (stable ? ", and that of the stable flow grows." : ".");
}

/// Where the stable flow leaves the other processes far below, a range that shows those.
std::optional<double> ceiling_of_oscillation(const SeriesChart& chart) {
  double stable = 0, others = chart.reference ? chart.reference->value : 0;
  for (const Trace& trace : chart.traces) {
    double& top = trace.ink == Ink::kStable ? stable : others;
    for (const auto& column : trace.columns) top = std::max(top, largest_value(column));
  }
  if (stable < kFlattening * others) return {};
  return kHeadroom * others;
}

/// The two processes of "distances/central-midpoint"; null for names that are none.
std::pair<const Process*, const Process*> pair_of(std::string_view path) {
  const std::string_view names = path.substr(path.find('/') + 1);
  const std::size_t dash = names.find('-');
  if (dash == std::string_view::npos) return {nullptr, nullptr};
  return {find_process(names.substr(0, dash)), find_process(names.substr(dash + 1))};
}

bool is_flow(const Process& process) {
  return process.path != kDiscrete.path && process.path != kMidpoint.path;
}

/// A distance has the colour of its flow, to the midpoint solid, to the run dotted.
Trace distance_trace(const RunData& run,
                     const std::string& path,
                     const Process& a,
                     const Process& b) {
  const bool to_run = a.path == kDiscrete.path || b.path == kDiscrete.path;
  const Ink ink = is_flow(a) && is_flow(b) ? Ink::kNeutral
                  : is_flow(a)             ? a.ink
                  : is_flow(b)             ? b.ink
                                           : Ink::kMidpoint;
  return {.name = fmt::format("{} – {}", a.name, b.name),
          .ink = ink,
          .columns = {run.column(path)},
          .stroke = to_run ? Stroke::kDotted : Stroke::kSolid,
          .width = to_run ? 1.3 : 2.0};
}

/// With more than two flows the pairs are too many to look at: the distances to the midpoint say
/// it.
bool is_shown(const RunData& run, const Process& a, const Process& b) {
  const auto flows = std::count_if(kProcesses.begin(), kProcesses.end(), [&](const Process& p) {
    return is_flow(p) && has_process(run, p);
  });
  if (flows <= 2 || !has_process(run, kMidpoint)) return true;
  return a.path == kMidpoint.path || b.path == kMidpoint.path;
}

std::vector<double> square_roots(const std::vector<double>& values, double sign) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double value : values) out.push_back(sign * std::sqrt(std::max(value, 0.0)));
  return out;
}

}  // namespace

SeriesChart loss_chart(const RunData& run) {
  SeriesChart chart = predicted_chart(run, "train_loss", "predicted_loss");
  chart.title = "Training loss";
  chart.quantity = with_unit("training loss", run, "discrete/train_loss");
  chart.takeaway = loss_takeaway(run);
  return chart;
}

SeriesChart sharpness_chart(const RunData& run) {
  SeriesChart chart{.title = "Effective sharpness",
                    .quantity = "leading eigenvalues of M⁻¹H",
                    .takeaway = sharpness_takeaway(run)};
  add_process_traces(chart, run, "effective_hessian_eigs", kEigenvalues);
  double top = 0;
  for (Trace& trace : chart.traces) {
    trace.width = 1.4;
    top = std::max(top, largest_value(trace.columns.front()));
  }
  if (top >= kFarBelow * edge_threshold(run)) {
    chart.reference = ReferenceLine{edge_threshold(run), "edge of stability"};
  }
  hide_midpoint(chart, run);
  chart.ceiling = ceiling_of_oscillation(chart);
  set_steps(chart, run);
  return chart;
}

SeriesChart gradient_chart(const RunData& run) {
  SeriesChart chart = predicted_chart(run, "grad_norm_sq", "predicted_grad_norm_sq");
  chart.title = "Squared gradient norm";
  chart.quantity = "|gradient|²";
  chart.log_axis = smallest_value(chart) > 0;
  chart.takeaway = gradient_takeaway(run);
  return chart;
}

SeriesChart distance_chart(const RunData& run) {
  SeriesChart chart{.title = "Distance between the processes",
                    .quantity = "distance in weight space, |w − w′|",
                    .takeaway = distance_takeaway(run)};
  for (const auto& [path, series] : run.series) {
    if (!path.starts_with("distances/")) continue;
    const auto [a, b] = pair_of(path);
    if (a == nullptr || b == nullptr || !is_shown(run, *a, *b)) continue;
    chart.traces.push_back(distance_trace(run, path, *a, *b));
  }
  set_steps(chart, run);
  return chart;
}

SeriesChart oscillation_chart(const RunData& run) {
  SeriesChart chart{
      .title = "The oscillation itself",
      .quantity = "displacement along the leading direction, vᵀM(w − w̄)",
      .takeaway =
          "The run swings to and fro at every step; its size is what the flow predicts, "
          "here as a band of one standard deviation."};
  auto swing = column_trace(run, "midpoint_deltas", 0, kDiscrete, "run");
  if (!swing) return {};
  swing->width = 0.8;
  chart.traces.push_back(std::move(*swing));
  const auto variances = run.column("central/predicted_variances");
  if (!variances.empty()) {
    chart.traces.push_back({.name = "predicted, one standard deviation",
                            .ink = Ink::kCentral,
                            .columns = {square_roots(variances, -1), square_roots(variances, 1)},
                            .band = true});
  }
  set_steps(chart, run);
  return chart;
}

}  // namespace thalweg::report
