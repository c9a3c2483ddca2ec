#include "report/flow_traces.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "report/flow_facts.hpp"

namespace thalweg::report {
namespace {

constexpr double kSmoothingShare = 0.06;  // of the run: several bursts fit into a window

/// The steps that the rows of the longest of some series stand for.
std::vector<double> steps(const RunData& run, std::size_t rows) {
  std::vector<double> out = run.column("step");
  for (std::size_t row = out.size(); row < rows; ++row) out.push_back(static_cast<double>(row));
  return out;
}

/// The first row of the oscillation: before it there is nothing to average over.
std::size_t first_unstable_row(const RunData& run, std::size_t rows) {
  const auto first = run.facts.number("results.edge.first_step");
  return first && *first >= 0 ? static_cast<std::size_t>(*first) : rows;
}

}  // namespace

std::string path_of(const Process& process, std::string_view name) {
  return fmt::format("{}/{}", process.path, name);
}

void set_steps(SeriesChart& chart, const RunData& run) {
  std::size_t rows = 0;
  for (const Trace& trace : chart.traces) {
    for (const auto& column : trace.columns) rows = std::max(rows, column.size());
  }
  chart.x = steps(run, rows);
}

std::string with_unit(const std::string& quantity, const RunData& run, std::string_view series) {
  const run::Series* found = run.find(series);
  if (found == nullptr || found->unit.empty() || found->unit == "1" || found->unit == "loss")
    return quantity;
  return quantity + ", " + found->unit;
}

std::optional<Trace> process_trace(const RunData& run,
                                   const Process& process,
                                   std::string_view series,
                                   std::int64_t most_columns) {
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
                        std::int64_t most_columns) {
  for (const Process& process : kProcesses) {
    if (auto trace = process_trace(run, process, series, most_columns)) {
      chart.traces.push_back(std::move(*trace));
    }
  }
}

void hide_midpoint(SeriesChart& chart, const RunData& run) {
  if (!has_process(run, kCentral) && !has_process(run, kRod)) return;
  for (Trace& trace : chart.traces) {
    if (trace.ink == Ink::kMidpoint) trace.visible = false;
  }
}

std::optional<Trace> column_trace(const RunData& run,
                                  std::string_view series,
                                  std::int64_t column,
                                  const Process& process,
                                  const std::string& name) {
  auto values = run.column(series, column);
  if (values.empty()) return {};
  return Trace{.name = name,
               .ink = process.ink,
               .columns = {std::move(values)},
               .stroke = process.stroke,
               .width = 1.8};
}

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
                               const Process& process,
                               std::string_view series,
                               std::int64_t column) {
  auto values = run.column(path_of(process, series), column);
  if (std::isnan(first_value(values))) return {};
  const bool central = process.path == kCentral.path;
  return Trace{
      .name = central ? "predicted average" : fmt::format("predicted by the {}", process.name),
      .ink = process.ink,
      .columns = {std::move(values)},
      .stroke = Stroke::kDashed,
      .width = 2.2,
      .visible = central || process.path == kRod.path};
}

SeriesChart process_chart(const RunData& run,
                          std::string_view series,
                          const std::string& title,
                          const std::string& quantity) {
  SeriesChart chart{.title = title, .quantity = quantity};
  add_process_traces(chart, run, series);
  hide_midpoint(chart, run);
  set_steps(chart, run);
  return chart;
}

bool is_constant(const std::vector<double>& values) {
  const double first = first_value(values);
  return std::all_of(
      values.begin(), values.end(), [&](double v) { return !std::isfinite(v) || v == first; });
}

}  // namespace thalweg::report
