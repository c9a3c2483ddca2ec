#include "thalweg/report/svg.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "report/svg_canvas.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr double kWide = 720, kNarrow = 340;
constexpr double kDensityDecades = 6;  // shown below the peak: an eigenvalue of P = 1e6 weighs 1e-6
constexpr std::size_t kStillPoints = 800;

Drawing in_both_widths(const std::string& title,
                       const std::string& takeaway,
                       const std::function<std::string(double)>& at_width) {
  return {title, takeaway, at_width(kWide), at_width(kNarrow)};
}

double plot_height(double width) { return width > 500 ? 320 : 240; }

std::vector<double> finite_part(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  return values;
}

// --- density
// ---------------------------------------------------------------------------------------

Range density_range(const DensityPlot& plot) {
  double peak = 0;
  for (const double value : plot.values) peak = std::isfinite(value) ? std::max(peak, value) : peak;
  if (peak == 0) peak = 1;
  if (plot.log_y) return {peak * std::pow(10.0, -kDensityDecades), 2 * peak, true};
  return {0, 1.05 * peak, false};
}

std::string density_svg(const DensityPlot& plot, double width) {
  std::vector<double> positions = plot.points;
  for (const Stem& stem : plot.stems) positions.push_back(stem.position);
  const Range heights = density_range(plot);
  SvgCanvas canvas(width, plot_height(width), {.top = 30}, range_of(positions), heights);
  if (!plot.points.empty()) canvas.y_axis(plot.y_label);

  std::vector<double> clipped = plot.values;
  for (double& value : clipped) value = std::max(value, heights.low);
  const std::string outline = polyline(canvas, plot.points, clipped);
  const double floor = canvas.y(heights.low);
  if (!outline.empty()) {
    canvas.path(fmt::format("{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z",
                            outline,
                            canvas.x(plot.points.back()),
                            floor,
                            canvas.x(plot.points.front()),
                            floor),
                "area ink-discrete");
    canvas.path(outline, "line ink-discrete");
  }
  for (const Stem& stem : plot.stems) {
    const double at = canvas.x(stem.position), top = floor - 0.45 * canvas.plot_height();
    canvas.line(at, floor, at, top, "stem ink-central", stem.label);
    canvas.circle(at, top, 4, "dot ink-central", stem.label);
  }
  canvas.x_axis(plot.x_label);
  return canvas.finish(plot.title);
}

// --- scatter
// ---------------------------------------------------------------------------------------

std::vector<double> scatter_extent(const ScatterPlot& plot, bool vertical) {
  std::vector<double> out;
  for (const ScatterPoint& point : plot.points) {
    out.push_back(vertical ? point.y : point.x);
    if (vertical) out.insert(out.end(), {point.low, point.high});
  }
  return out;
}

void draw_fit(SvgCanvas& canvas, const ScatterPlot& plot, const Range& x) {
  if (!plot.fit) return;
  const auto height = [&](double at) {
    const double y = plot.fit->intercept + plot.fit->slope * (plot.log_x ? std::log10(at) : at);
    return plot.log_y ? std::pow(10.0, y) : y;
  };
  canvas.line(canvas.x(x.low),
              canvas.y(height(x.low)),
              canvas.x(x.high),
              canvas.y(height(x.high)),
              "fit",
              plot.fit->label);
  canvas.text(canvas.width() - canvas.margins().right, 26, "end", plot.fit->label, "note");
}

void draw_point(SvgCanvas& canvas, const ScatterPoint& point, Ink ink) {
  const double at = canvas.x(point.x), middle = canvas.y(point.y);
  if (!std::isfinite(at) || !std::isfinite(middle)) return;
  const double low = canvas.y(point.low), high = canvas.y(point.high);
  if (std::isfinite(low) && std::isfinite(high)) {
    canvas.line(at, low, at, high, ink_style("stem", ink));
  }
  canvas.circle(at, middle, 4.5, ink_style("dot", ink), point.label);
}

std::string scatter_svg(const ScatterPlot& plot, double width) {
  const Range x = range_of(scatter_extent(plot, false), plot.log_x);
  const Range y = range_of(scatter_extent(plot, true), plot.log_y);
  SvgCanvas canvas(width, plot_height(width), {.top = 34}, x, y);
  canvas.y_axis(plot.y_label);
  draw_fit(canvas, plot, x);
  for (const ScatterPoint& point : plot.points) draw_point(canvas, point, plot.ink);
  canvas.x_axis(plot.x_label);
  return canvas.finish(plot.title);
}

// --- heat map
// --------------------------------------------------------------------------------------

std::size_t longest(const std::vector<std::string>& labels) {
  std::size_t out = 0;
  for (const std::string& label : labels) out = std::max(out, label.size());
  return out;
}

/// Room for labels of up to `characters`, at most a share of the figure.
double label_room(std::size_t characters, double width) {
  constexpr double kCharacter = 7.2;
  return std::min(16 + kCharacter * static_cast<double>(characters), 0.36 * width);
}

std::size_t characters_in(double room) { return static_cast<std::size_t>((room - 10) / 7.2); }

std::string heat_map_svg(const HeatMap& map, double width) {
  const double left = label_room(longest(map.rows), width);
  const double rows = static_cast<double>(map.rows.size());
  const double columns = static_cast<double>(map.columns.size());
  const double cell_width = (width - left - 8) / std::max(columns, 1.0);
  const double cell_height = std::clamp(cell_width, 18.0, 34.0);
  SvgCanvas canvas(width,
                   30 + rows * cell_height + 44,
                   {.top = 30, .right = 8, .bottom = 44, .left = left},
                   {0, std::max(columns, 1.0)},
                   {0, std::max(rows, 1.0)});
  double strongest = 0;
  for (const double value : finite_part(map.values))
    strongest = std::max(strongest, std::abs(value));

  const std::size_t stride = static_cast<std::size_t>(std::ceil(44 / cell_width));
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    const double top = 30 + static_cast<double>(r) * cell_height;
    canvas.text(
        left - 8, top + cell_height / 2 + 4, "end", shortened(map.rows[r], characters_in(left)));
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      const double value = map.values[r * map.columns.size() + c];
      if (!std::isfinite(value)) continue;
      canvas.rect(left + static_cast<double>(c) * cell_width + 0.5,
                  top + 0.5,
                  cell_width - 1,
                  cell_height - 1,
                  value < 0 ? "cell ink-discrete" : "cell ink-central",
                  fmt::format("{}, {}: {}", map.rows[r], map.columns[c], number_text(value)),
                  strongest > 0 ? std::abs(value) / strongest : 0);
    }
  }
  for (std::size_t c = 0; c < map.columns.size(); c += stride) {
    canvas.text(left + (static_cast<double>(c) + 0.5) * cell_width,
                30 + rows * cell_height + 16,
                "middle",
                shortened(map.columns[c], 7));
  }
  canvas.text(0, 13, "start", map.y_label, "axis-label");
  canvas.text(width - 8, 30 + rows * cell_height + 38, "end", map.x_label, "axis-label");
  return canvas.finish(map.title);
}

// --- bars
// ------------------------------------------------------------------------------------------

constexpr double kBarPitch = 26, kBarHeight = 16;

void draw_bar(SvgCanvas& canvas, const Bar& bar, double top, Ink ink) {
  const double room = canvas.margins().left;
  canvas.text(room - 8, top + kBarHeight - 4, "end", shortened(bar.label, characters_in(room)));
  if (!std::isfinite(bar.value)) return;
  const double zero = canvas.x(0), end = canvas.x(bar.value);
  const std::string title =
      bar.error > 0
          ? fmt::format("{}: {} ± {}", bar.label, number_text(bar.value), number_text(bar.error))
          : fmt::format("{}: {}", bar.label, number_text(bar.value));
  canvas.rect(
      std::min(zero, end), top, std::abs(end - zero), kBarHeight, ink_style("bar", ink), title);
  if (bar.error > 0) {
    const double middle = top + kBarHeight / 2;
    canvas.line(canvas.x(bar.value - bar.error),
                middle,
                canvas.x(bar.value + bar.error),
                middle,
                "error",
                title);
  }
}

std::string bars_svg(const BarChart& chart, double width) {
  std::vector<double> ends = {0};
  std::vector<std::string> labels;
  for (const Bar& bar : chart.bars) {
    ends.insert(ends.end(), {bar.value - bar.error, bar.value + bar.error});
    labels.push_back(bar.label);
  }
  Range x = range_of(ends);
  if (*std::min_element(ends.begin(), ends.end()) >= 0) x.low = 0;
  const double height = kBarPitch * static_cast<double>(chart.bars.size()) + 12 + 44;
  SvgCanvas canvas(width, height, {.left = label_room(longest(labels), width)}, x, {0, 1, false});
  for (std::size_t i = 0; i < chart.bars.size(); ++i) {
    draw_bar(canvas, chart.bars[i], 12 + kBarPitch * static_cast<double>(i), chart.ink);
  }
  canvas.x_axis(chart.x_label);
  return canvas.finish(chart.title);
}

// --- still series charts
// ---------------------------------------------------------------------------

std::vector<double> series_extent(const SeriesChart& chart) {
  std::vector<double> out;
  for (const Trace& trace : chart.traces) {
    if (!trace.visible) continue;
    for (const auto& column : trace.columns) out.insert(out.end(), column.begin(), column.end());
  }
  if (chart.reference) out.push_back(chart.reference->value);
  return out;
}

Range series_range(const SeriesChart& chart) {
  Range range = range_of(series_extent(chart), chart.log_axis);
  if (chart.ceiling) range.high = std::min(range.high, *chart.ceiling);
  return range;
}

void draw_trace(SvgCanvas& canvas, const std::vector<double>& x, const Trace& trace) {
  double opacity = trace.opacity;
  for (const auto& column : trace.columns) {
    canvas.path(polyline(canvas, x, column),
                ink_style("line", trace.ink),
                fmt::format(R"({}stroke-width="{:.1f}" stroke-opacity="{:.2f}")",
                            dash_attribute(trace.stroke),
                            trace.width,
                            opacity));
    opacity *= 0.75;
  }
}

std::string series_svg(const SeriesChart& chart, double width) {
  SvgCanvas canvas(width, plot_height(width), {.top = 26}, range_of(chart.x), series_range(chart));
  canvas.y_axis(chart.quantity);
  if (chart.reference) {
    const double at = canvas.y(chart.reference->value);
    canvas.line(canvas.margins().left, at, width - canvas.margins().right, at, "reference");
    canvas.text(width - canvas.margins().right, at - 6, "end", chart.reference->label, "note");
  }
  for (const Trace& trace : chart.traces) {
    if (trace.visible) draw_trace(canvas, chart.x, trace);
  }
  canvas.x_axis(chart.x_label);
  return canvas.finish(chart.title);
}

}  // namespace

Drawing draw(const DensityPlot& plot) {
  return in_both_widths(
      plot.title, plot.takeaway, [&](double width) { return density_svg(plot, width); });
}

DensityPlot histogram(const std::vector<double>& values, int bins) {
  const std::vector<double> finite = finite_part(values);
  if (finite.empty()) return {};
  const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
  const double step = *high > *low ? (*high - *low) / bins : 1.0;
  std::vector<double> counts(static_cast<std::size_t>(bins), 0);
  for (const double value : finite) {
    const auto bin = static_cast<std::size_t>((value - *low) / step);
    counts[std::min(bin, counts.size() - 1)] += 1;
  }
  DensityPlot plot;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    const double left = *low + static_cast<double>(b) * step;
    plot.points.insert(plot.points.end(), {left, left + step});
    plot.values.insert(plot.values.end(), {counts[b], counts[b]});
  }
  return plot;
}

Drawing draw(const ScatterPlot& plot) {
  return in_both_widths(
      plot.title, plot.takeaway, [&](double width) { return scatter_svg(plot, width); });
}

Drawing draw(const HeatMap& map) {
  return in_both_widths(
      map.title, map.takeaway, [&](double width) { return heat_map_svg(map, width); });
}

Drawing draw(const BarChart& chart) {
  return in_both_widths(
      chart.title, chart.takeaway, [&](double width) { return bars_svg(chart, width); });
}

Drawing draw(const SeriesChart& chart) {
  const SeriesChart small = down_sample(chart, kStillPoints);
  return in_both_widths(
      chart.title, chart.takeaway, [&](double width) { return series_svg(small, width); });
}

}  // namespace thalweg::report
