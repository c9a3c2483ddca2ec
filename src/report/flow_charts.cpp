#include "report/flow_charts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "report/flow_story.hpp"
#include "report/processes.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr std::size_t kDirections = 6;    // charts of variances at most
constexpr std::size_t kOutputs = 4;       // charts of outputs at most
constexpr std::int64_t kEigenvalues = 6;  // lines a process at most
constexpr double kFlattening =
    1.6;  // the stable flow's top over the others' that calls for a ceiling
constexpr double kHeadroom = 1.25;
constexpr double kSmoothingShare = 0.06;  // of the run: several bursts fit into a window

std::string path_of(const Process& process, std::string_view name) {
  return fmt::format("{}/{}", process.path, name);
}

/// The steps that the rows of the longest of some series stand for.
std::vector<double> steps(const RunData& run, std::size_t rows) {
  std::vector<double> out = run.column("step");
  for (std::size_t row = out.size(); row < rows; ++row) out.push_back(static_cast<double>(row));
  return out;
}

void set_steps(SeriesChart& chart, const RunData& run) {
  std::size_t rows = 0;
  for (const Trace& trace : chart.traces) {
    for (const auto& column : trace.columns) rows = std::max(rows, column.size());
  }
  chart.x = steps(run, rows);
}

/// "training loss, nats" from a series that has a unit, and not just the loss's own.
std::string with_unit(const std::string& quantity, const RunData& run, std::string_view series) {
  const run::Series* found = run.find(series);
  if (found == nullptr || found->unit.empty() || found->unit == "1" || found->unit == "loss")
    return quantity;
  return quantity + ", " + found->unit;
}

std::optional<Trace> process_trace(const RunData& run,
                                   const Process& process,
                                   std::string_view series,
                                   std::int64_t most_columns = 1) {
  auto columns = run.columns(path_of(process, series));
  if (columns.empty()) return {};
  if (static_cast<std::int64_t>(columns.size()) > most_columns) {
    columns.resize(static_cast<std::size_t>(most_columns));
  }
  return Trace{.name = std::string(process.name),
               .ink = process.ink,
               .columns = std::move(columns),
               .stroke = process.stroke,
               .width = process.ink == Ink::kCentral ? 2.0 : 1.5};
}

void add_process_traces(SeriesChart& chart,
                        const RunData& run,
                        std::string_view series,
                        std::int64_t most_columns = 1) {
  for (const Process& process : kProcesses) {
    if (auto trace = process_trace(run, process, series, most_columns)) {
      chart.traces.push_back(std::move(*trace));
    }
  }
}

/// The first row of the oscillation: before it there is nothing to average over.
std::size_t first_unstable_row(const RunData& run, std::size_t rows) {
  const auto first = run.facts.number("results.edge.first_step");
  return first && *first >= 0 ? static_cast<std::size_t>(*first) : rows;
}

/// The run's series averaged over its oscillation, from the edge on: what predictions are compared
/// with.
std::optional<Trace> averaged_run(const RunData& run, std::string_view series) {
  const auto values = run.column(fmt::format("discrete/{}", series));
  const std::size_t first = first_unstable_row(run, values.size());
  if (first + 2 >= values.size()) return {};
  const auto window =
      static_cast<std::size_t>(kSmoothingShare * static_cast<double>(values.size()));
  return Trace{.name = "run, averaged",
               .ink = Ink::kDiscrete,
               .columns = {smoothed(values, window, first)},
               .width = 2.2};
}

std::optional<Trace> predicted(const RunData& run,
                               std::string_view series,
                               std::int64_t column = 0) {
  auto values = run.column(fmt::format("central/{}", series), column);
  if (values.empty()) return {};
  return Trace{.name = "predicted average",
               .ink = Ink::kCentral,
               .columns = {std::move(values)},
               .stroke = Stroke::kDashed,
               .width = 2.2};
}

/// A measured quantity of every process, with its average and the flow's prediction of it.
SeriesChart predicted_chart(const RunData& run,
                            std::string_view measured,
                            std::string_view prediction) {
  SeriesChart chart;
  add_process_traces(chart, run, measured);
  auto promised = predicted(run, prediction);
  auto average = averaged_run(run, measured);
  if (promised && average) {
    for (Trace& trace : chart.traces) trace.opacity = trace.ink == Ink::kDiscrete ? 0.45 : 1;
    chart.traces.push_back(std::move(*average));
  }
  if (promised) chart.traces.push_back(std::move(*promised));
  for (Trace& trace : chart.traces) {
    if (trace.ink == Ink::kMidpoint) trace.visible = false;
  }
  set_steps(chart, run);
  return chart;
}

double largest(const std::vector<double>& values) {
  double out = -std::numeric_limits<double>::infinity();
  for (const double value : values) out = std::isfinite(value) ? std::max(out, value) : out;
  return out;
}

double mean_of_second_half(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (std::size_t i = values.size() / 2; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    sum += values[i];
    count += 1;
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

std::string error_clause(const RunData& run, std::string_view error) {
  const auto value = run.facts.number(error);
  if (!value) return "";
  return fmt::format(
      " Here they agree within **{}** ({}).", percent_text(std::abs(*value)), verdict(*value).word);
}

std::string loss_takeaway(const RunData& run) {
  if (run.find("central/predicted_loss") == nullptr) return "The training loss of each process.";
  return "The central flow slides along the floor; adding what the oscillation costs gives the "
         "loss the run should "
         "show on average." +
         error_clause(run, "results.prediction.loss_error");
}

std::string sharpness_takeaway(const RunData& run) {
  const double mean = mean_of_second_half(run.column("discrete/effective_hessian_eigs"));
  if (std::isnan(mean)) return "The largest eigenvalues of the preconditioned Hessian, by process.";
  if (!run.facts.number("results.edge.first_step")) {
    return fmt::format(
        "Over the second half of the run the largest eigenvalue averaged **{}**; above 2 steps "
        "along its direction "
        "would overshoot ever further.",
        number_text(mean));
  }
  return fmt::format(
      "Over the second half the run's largest eigenvalue averaged **{}**: it rises to 2 and hovers "
      "there, where the "
      "central flow is held exactly and the stable flow is not.",
      number_text(mean));
}

/// Where the stable flow leaves the other processes far below, a range that shows those.
std::optional<double> ceiling_of_oscillation(const SeriesChart& chart) {
  double stable = 0, others = chart.reference ? chart.reference->value : 0;
  for (const Trace& trace : chart.traces) {
    double& top = trace.ink == Ink::kStable ? stable : others;
    for (const auto& column : trace.columns) top = std::max(top, largest(column));
  }
  if (stable < kFlattening * others) return {};
  return kHeadroom * others;
}

Ink distance_ink(std::string_view pair) {
  const bool central = pair.find("central") != std::string_view::npos;
  const bool stable = pair.find("stable") != std::string_view::npos;
  if (central == stable) return central ? Ink::kNeutral : Ink::kMidpoint;
  return central ? Ink::kCentral : Ink::kStable;
}

Trace distance_trace(const RunData& run, const std::string& path) {
  const std::string pair = path.substr(path.find('/') + 1);
  const std::size_t dash = pair.find('-');
  const bool to_run = pair.find("discrete") != std::string::npos;
  return {.name = dash == std::string::npos ? pair
                                            : process_name(pair.substr(0, dash)) + " – " +
                                                  process_name(pair.substr(dash + 1)),
          .ink = distance_ink(pair),
          .columns = {run.column(path)},
          .stroke = to_run ? Stroke::kDotted : Stroke::kSolid,
          .width = to_run ? 1.3 : 2.0};
}

std::vector<double> square_roots(const std::vector<double>& values, double sign) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double value : values) out.push_back(sign * std::sqrt(std::max(value, 0.0)));
  return out;
}

std::optional<Trace> direction_trace(const RunData& run,
                                     std::string_view series,
                                     std::int64_t direction,
                                     const Process& process,
                                     const std::string& name) {
  auto values = run.column(series, direction);
  if (values.empty()) return {};
  return Trace{.name = name,
               .ink = process.ink,
               .columns = {std::move(values)},
               .stroke = process.stroke,
               .width = 1.8};
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
          direction_trace(run, "measured_variances", column, kDiscrete, "measured, smoothed")) {
    chart.traces.push_back(std::move(*trace));
  }
  if (auto trace =
          direction_trace(run, "central/predicted_variances", column, kCentral, "predicted")) {
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

bool is_constant(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double v) {
    return !std::isfinite(v) || v == values.front();
  });
}

/// A chart of one series of the central flow.
SeriesChart central_chart(const RunData& run,
                          std::string_view series,
                          const std::string& title,
                          const std::string& quantity) {
  SeriesChart chart{.title = title, .quantity = quantity};
  if (auto trace = process_trace(run, kCentral, series)) chart.traces.push_back(std::move(*trace));
  set_steps(chart, run);
  return chart;
}

SeriesChart process_chart(const RunData& run,
                          std::string_view series,
                          const std::string& title,
                          const std::string& quantity) {
  SeriesChart chart{.title = title, .quantity = quantity};
  add_process_traces(chart, run, series);
  set_steps(chart, run);
  return chart;
}

SeriesChart learning_rate_chart(const RunData& run) {
  const auto values = run.column("discrete/opt.lr");
  if (values.empty() || is_constant(values)) return {};
  return process_chart(run, "opt.lr", "Learning rate", "learning rate");
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
                    .takeaway = sharpness_takeaway(run),
                    .reference = ReferenceLine{2, "edge of stability"}};
  add_process_traces(chart, run, "effective_hessian_eigs", kEigenvalues);
  for (Trace& trace : chart.traces) {
    if (trace.ink == Ink::kMidpoint) trace.visible = false;
    trace.width = 1.4;
  }
  chart.ceiling = ceiling_of_oscillation(chart);
  set_steps(chart, run);
  return chart;
}

SeriesChart gradient_chart(const RunData& run) {
  SeriesChart chart = predicted_chart(run, "grad_norm_sq", "predicted_grad_norm_sq");
  chart.title = "Squared gradient norm";
  chart.quantity = "|gradient|²";
  chart.log_axis = smallest_value(chart) > 0;
  chart.takeaway =
      "Most of the run's gradient belongs to the oscillation and cancels out; the central flow's "
      "own gradient is what "
      "remains of it." +
      error_clause(run, "results.prediction.gradient_norm2_error");
  return chart;
}

SeriesChart distance_chart(const RunData& run) {
  SeriesChart chart{
      .title = "Distance between the processes",
      .quantity = "distance in weight space, |w − w′|",
      .takeaway =
          "If the theory holds, the distance of the central flow to the midpoint of the run "
          "stays small, and that of the stable flow grows."};
  for (const auto& [path, series] : run.series) {
    if (path.starts_with("distances/")) chart.traces.push_back(distance_trace(run, path));
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
  auto swing = direction_trace(run, "midpoint_deltas", 0, kDiscrete, "run");
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
    const std::int64_t column = (2 * i + 1) * outputs->columns / (2 * count);
    SeriesChart chart{.title = output_title(run, column), .quantity = "network output"};
    for (const Process& process : kProcesses) {
      auto trace = direction_trace(
          run, path_of(process, "train_outputs"), column, process, std::string(process.name));
      if (trace && process.ink != Ink::kMidpoint) chart.traces.push_back(std::move(*trace));
    }
    if (auto trace = predicted(run, "predicted_outputs", column)) {
      chart.traces.push_back(std::move(*trace));
    }
    set_steps(chart, run);
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<SeriesChart> further_charts(const RunData& run) {
  std::vector<SeriesChart> charts = {
      process_chart(run, "train_acc", "Training accuracy", "share of examples classified rightly"),
      central_chart(run, "flow_aux/rank", "Unstable directions", "number of directions"),
      central_chart(run, "sigma_trace", "Size of the oscillation", "trace of Σ, squared weights"),
      process_chart(run, "opt.effective_step_size", "Effective step size", "step size"),
      learning_rate_chart(run)};
  std::erase_if(charts, [](const SeriesChart& chart) { return chart.empty(); });
  return charts;
}

}  // namespace thalweg::report
