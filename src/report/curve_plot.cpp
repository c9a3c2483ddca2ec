#include "thalweg/report/curve_plot.hpp"

#include <cmath>

#include <fmt/format.h>

#include "report/svg_canvas.hpp"

namespace thalweg::report {
namespace {

constexpr double kWide = 720, kNarrow = 340;

double finite_or(double value, double otherwise) {
  return std::isfinite(value) ? value : otherwise;
}

Range extent(const CurvePlot& plot, bool vertical) {
  std::vector<double> values;
  for (const Curve& curve : plot.curves) {
    for (const ScatterPoint& point : curve.points) {
      values.push_back(vertical ? point.y : point.x);
      if (vertical) values.insert(values.end(), {point.low, point.high});
    }
  }
  return range_of(values, vertical ? plot.log_y : plot.log_x);
}

Range vertical_range(const CurvePlot& plot) {
  if (plot.y_range) return {plot.y_range->first, plot.y_range->second, plot.log_y};
  return extent(plot, true);
}

void draw_curve(SvgCanvas& canvas, const Curve& curve, double radius) {
  std::vector<double> x, y;
  for (const ScatterPoint& point : curve.points) {
    x.push_back(point.x);
    y.push_back(point.y);
    const double at = canvas.x(point.x);
    const double low = canvas.y(finite_or(point.low, point.y));
    const double high = canvas.y(finite_or(point.high, point.y));
    if (std::isfinite(at) && std::isfinite(low) && std::isfinite(high))
      canvas.line(at, low, at, high, ink_style("stem", curve.ink));
  }
  if (curve.joined)
    canvas.path(polyline(canvas, x, y), ink_style("line", curve.ink), dash_attribute(curve.stroke));
  if (!curve.dotted) return;
  for (const ScatterPoint& point : curve.points) {
    const double at = canvas.x(point.x), height = canvas.y(point.y);
    if (std::isfinite(at) && std::isfinite(height))
      canvas.circle(at, height, radius, ink_style("dot", curve.ink), point.label);
  }
}

std::string curves_svg(const CurvePlot& plot, double width) {
  const bool wide = width > 500;
  SvgCanvas canvas(width,
                   wide ? 380 : 240,
                   {.top = 30, .left = plot.log_y ? 60.0 : 44.0},
                   extent(plot, false),
                   vertical_range(plot));
  canvas.y_axis(plot.y_label);
  if (plot.reference) {
    const double at = canvas.y(plot.reference->value);
    canvas.line(canvas.margins().left, at, width - canvas.margins().right, at, "reference");
    canvas.text(canvas.margins().left + 4, at - 6, "start", plot.reference->label, "note");
  }
  for (const StraightLine& line : plot.lines) {
    const auto path =
        polyline(canvas, {line.from.first, line.to.first}, {line.from.second, line.to.second});
    canvas.path(path, ink_style("line", line.ink), dash_attribute(line.stroke));
  }
  for (const Curve& curve : plot.curves) draw_curve(canvas, curve, wide ? 4 : 3);
  canvas.x_axis(plot.x_label);
  return canvas.finish(plot.title);
}

}  // namespace

Drawing draw(const CurvePlot& plot) {
  return {plot.title, plot.takeaway, curves_svg(plot, kWide), curves_svg(plot, kNarrow)};
}

Drawing draw_small(const CurvePlot& plot) {
  const auto narrow = curves_svg(plot, kNarrow);
  return {plot.title, plot.takeaway, narrow, narrow};
}

}  // namespace thalweg::report
