#include "thalweg/report/series_chart.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Rows [begin, end) of a series that become two positions of the chart.
struct Bucket {
  std::size_t begin = 0, end = 0;
};

std::vector<Bucket> buckets(std::size_t rows, std::size_t count) {
  std::vector<Bucket> out(count);
  for (std::size_t b = 0; b < count; ++b) out[b] = {b * rows / count, (b + 1) * rows / count};
  return out;
}

/// The smallest and largest finite value of a bucket, in the order in which they came; NaN, NaN if
/// none is finite.
std::pair<double, double> extremes(const std::vector<double>& values, const Bucket& bucket) {
  std::size_t low = bucket.end, high = bucket.end;
  for (std::size_t i = bucket.begin; i < std::min(bucket.end, values.size()); ++i) {
    if (!std::isfinite(values[i])) continue;
    if (low == bucket.end || values[i] < values[low]) low = i;
    if (high == bucket.end || values[i] > values[high]) high = i;
  }
  if (low == bucket.end) return {kNaN, kNaN};
  return {values[std::min(low, high)], values[std::max(low, high)]};
}

std::vector<double> reduce_line(const std::vector<double>& values, const std::vector<Bucket>& to) {
  std::vector<double> out;
  out.reserve(2 * to.size());
  for (const Bucket& bucket : to) {
    const auto [first, second] = extremes(values, bucket);
    out.push_back(first);
    out.push_back(second);
  }
  return out;
}

std::vector<double> reduce_edge(const std::vector<double>& values,
                                const std::vector<Bucket>& to,
                                bool upper) {
  std::vector<double> out;
  out.reserve(2 * to.size());
  for (const Bucket& bucket : to) {
    const auto [a, b] = extremes(values, bucket);
    const double edge = upper ? std::max(a, b) : std::min(a, b);
    out.insert(out.end(), 2, edge);
  }
  return out;
}

std::vector<double> reduce_positions(const std::vector<double>& x, const std::vector<Bucket>& to) {
  std::vector<double> out;
  out.reserve(2 * to.size());
  for (const Bucket& bucket : to) {
    out.push_back(x[bucket.begin]);
    out.push_back(x[bucket.end - 1]);
  }
  return out;
}

/// Mean of the finite values within `reach` rows of each row that is itself finite.
std::vector<double> box_mean(const std::vector<double>& values, std::size_t reach) {
  const std::size_t rows = values.size();
  std::vector<double> sum(rows + 1, 0), count(rows + 1, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    const bool counts = std::isfinite(values[i]);
    sum[i + 1] = sum[i] + (counts ? values[i] : 0);
    count[i + 1] = count[i] + (counts ? 1 : 0);
  }
  std::vector<double> out(rows, kNaN);
  for (std::size_t i = 0; i < rows; ++i) {
    if (!std::isfinite(values[i])) continue;
    const std::size_t begin = i < reach ? 0 : i - reach;
    const std::size_t end = std::min(rows, i + reach + 1);
    out[i] = (sum[end] - sum[begin]) / (count[end] - count[begin]);
  }
  return out;
}

nlohmann::json column_json(const std::vector<double>& values, std::size_t rows) {
  auto out = nlohmann::json::array();
  for (std::size_t i = 0; i < rows; ++i) {
    const double value = i < values.size() ? values[i] : kNaN;
    out.push_back(std::isfinite(value) ? nlohmann::json(chart_precision(value)) : nlohmann::json());
  }
  return out;
}

nlohmann::json trace_json(const Trace& trace, std::size_t rows) {
  auto columns = nlohmann::json::array();
  for (const auto& column : trace.columns) columns.push_back(column_json(column, rows));
  return {{"name", trace.name},
          {"ink", ink_name(trace.ink)},
          {"stroke", stroke_name(trace.stroke)},
          {"width", trace.width},
          {"opacity", trace.opacity},
          {"visible", trace.visible},
          {"band", trace.band},
          {"columns", std::move(columns)}};
}

}  // namespace

std::string ink_name(Ink ink) {
  switch (ink) {
    case Ink::kDiscrete:
      return "discrete";
    case Ink::kMidpoint:
      return "midpoint";
    case Ink::kCentral:
      return "central";
    case Ink::kStable:
      return "stable";
    case Ink::kRod:
      return "rod";
    case Ink::kStationary:
      return "stationary";
    case Ink::kAblated:
      return "ablated";
    case Ink::kNeutral:
      return "neutral";
    default:
      break;
  }
  return fmt::format("run-{}", static_cast<int>(ink) - static_cast<int>(Ink::kRun1) + 1);
}

Ink run_ink(std::size_t place) {
  return static_cast<Ink>(static_cast<std::size_t>(Ink::kRun1) + place % kRunInks);
}

std::string stroke_name(Stroke stroke) {
  switch (stroke) {
    case Stroke::kDashed:
      return "dashed";
    case Stroke::kDotted:
      return "dotted";
    case Stroke::kLongDashed:
      return "long-dashed";
    case Stroke::kDashDotted:
      return "dash-dotted";
    case Stroke::kDashDotDotted:
      return "dash-dot-dotted";
    case Stroke::kSolid:
      break;
  }
  return "solid";
}

SeriesChart down_sample(SeriesChart chart, std::size_t points) {
  if (chart.x.size() <= points) return chart;
  const std::vector<Bucket> to = buckets(chart.x.size(), std::max<std::size_t>(points / 2, 1));
  for (Trace& trace : chart.traces) {
    for (std::size_t c = 0; c < trace.columns.size(); ++c) {
      auto& column = trace.columns[c];
      column = trace.band ? reduce_edge(column, to, c == 1) : reduce_line(column, to);
    }
  }
  chart.x = reduce_positions(chart.x, to);
  return chart;
}

double smallest_value(const SeriesChart& chart) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const Trace& trace : chart.traces) {
    for (const auto& column : trace.columns) {
      for (const double value : column) {
        if (std::isfinite(value)) smallest = std::min(smallest, value);
      }
    }
  }
  return smallest;
}

nlohmann::json chart_json(const SeriesChart& chart) {
  auto traces = nlohmann::json::array();
  for (const Trace& trace : chart.traces) traces.push_back(trace_json(trace, chart.x.size()));
  nlohmann::json out = {{"x", column_json(chart.x, chart.x.size())},
                        {"xLabel", chart.x_label},
                        {"log", chart.log_axis},
                        {"traces", std::move(traces)}};
  if (chart.ceiling) out["ceiling"] = chart_precision(*chart.ceiling);
  if (chart.reference) {
    out["reference"] = {{"value", chart.reference->value}, {"label", chart.reference->label}};
  }
  return out;
}

std::vector<double> smoothed(std::vector<double> values, std::size_t window, std::size_t first) {
  std::fill_n(values.begin(), std::min(first, values.size()), kNaN);
  const std::size_t reach = window / 6;
  for (int pass = 0; pass < 3; ++pass) values = box_mean(values, reach);
  return values;
}

}  // namespace thalweg::report
