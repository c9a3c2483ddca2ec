#include "report/svg_canvas.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "thalweg/report/html.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr double kPadding =
    0.04;  // of the range, on each side, so that marks do not touch the frame

double axis_value(double value, bool log) { return log ? std::log10(value) : value; }

bool can_show(double value, bool log) { return std::isfinite(value) && (!log || value > 0); }

std::vector<double> decades(const Range& range, int count) {
  const double first = std::ceil(std::log10(range.low) - 1e-9);
  const double last = std::floor(std::log10(range.high) + 1e-9);
  const double stride = std::max(1.0, std::ceil((last - first + 1) / count));
  std::vector<double> out;
  for (double e = first; e <= last; e += stride) out.push_back(std::pow(10.0, e));
  return out;
}

/// 1, 2 and 5 times the powers of ten inside a range.
std::vector<double> thirds_of_decades(const Range& range) {
  std::vector<double> out;
  for (double power = std::pow(10.0, std::floor(std::log10(range.low))); power <= range.high;
       power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * power;
      if (tick >= range.low && tick <= range.high) out.push_back(tick);
    }
  }
  return out;
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
double round_step(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string title_element(std::string_view title) {
  return title.empty() ? std::string() : "<title>" + escape_html(title) + "</title>";
}

}  // namespace

double Range::unit(double value) const {
  const double a = axis_value(low, log), b = axis_value(high, log);
  return (axis_value(value, log) - a) / (b - a);
}

Range range_of(const std::vector<double>& values, bool log) {
  double low = INFINITY, high = -INFINITY;
  for (const double value : values) {
    if (!can_show(value, log)) continue;
    low = std::min(low, axis_value(value, log));
    high = std::max(high, axis_value(value, log));
  }
  if (low > high) return {log ? 0.1 : 0.0, 1.0, log};
  // Values that are equal but for rounding are one value: an axis cannot tell them apart.
  constexpr double kEqual = 1e-9;
  const double size = std::max(std::abs(low), std::abs(high));
  const double spread = high - low > kEqual * size ? high - low : std::max(size, 1.0);
  low -= kPadding * spread;
  high += kPadding * spread;
  return log ? Range{std::pow(10.0, low), std::pow(10.0, high), true} : Range{low, high, false};
}

std::vector<double> ticks(const Range& range, int count) {
  if (range.log) {
    auto powers = decades(range, count);
    if (powers.size() >= 3) return powers;
    auto finer = thirds_of_decades(range);
    if (finer.size() >= 2 && finer.size() <= static_cast<std::size_t>(count)) return finer;
    if (powers.size() >= 2) return powers;
  }
  const double step = round_step((range.high - range.low) / count);
  std::vector<double> out;
  for (double i = std::ceil(range.low / step); i * step <= range.high; ++i) out.push_back(i * step);
  return out;
}

std::string tick_text(double value) {
  if (value == 0) return "0";  // also for -0
  const double exponent = std::log10(std::abs(value));
  const bool is_plain = exponent > -3.5 && exponent < 5.5;
  if (!is_plain && value > 0 && std::abs(exponent - std::round(exponent)) < 1e-9) {
    return power_of_ten_text(static_cast<int>(std::round(exponent)));
  }
  const char* sign = value < 0 ? "−" : "";
  if (is_plain && exponent >= 4) return fmt::format("{}{:.0f}", sign, std::abs(value));
  return fmt::format("{}{:.4g}", sign, std::abs(value));
}

std::string shortened(std::string_view text, std::size_t characters) {
  std::size_t count = 0, cut = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (!starts_character) continue;
    if (++count == characters) cut = i;
  }
  return count <= characters ? std::string(text) : std::string(text.substr(0, cut)) + "…";
}

SvgCanvas::SvgCanvas(
    double width, double height, const Margins& margins, const Range& x, const Range& y)
    : width_(width), height_(height), margins_(margins), x_(x), y_(y) {}

double SvgCanvas::x(double value) const { return margins_.left + x_.unit(value) * plot_width(); }

double SvgCanvas::y(double value) const {
  return margins_.top + (1 - y_.unit(value)) * plot_height();
}

void SvgCanvas::x_axis(std::string_view label) {
  const double bottom = margins_.top + plot_height();
  line(margins_.left, bottom, width_ - margins_.right, bottom, "axis");
  for (const double tick : ticks(x_, static_cast<int>(plot_width() / 80) + 1)) {
    line(x(tick), bottom, x(tick), bottom + 5, "axis");
    text(x(tick), bottom + 19, "middle", tick_text(tick));
  }
  text(width_ - margins_.right, bottom + 38, "end", label, "axis-label");
}

void SvgCanvas::y_axis(std::string_view label) {
  for (const double tick : ticks(y_, static_cast<int>(plot_height() / 55) + 1)) {
    line(margins_.left, y(tick), width_ - margins_.right, y(tick), "grid");
    text(margins_.left - 8, y(tick) + 4, "end", tick_text(tick));
  }
  if (!label.empty()) text(0, 13, "start", label, "axis-label");
}

void SvgCanvas::line(
    double x1, double y1, double x2, double y2, std::string_view style, std::string_view title) {
  body_ +=
      fmt::format(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}">{}</line>)",
                  style,
                  x1,
                  y1,
                  x2,
                  y2,
                  title_element(title));
}

void SvgCanvas::path(std::string_view commands,
                     std::string_view style,
                     std::string_view attributes) {
  body_ += fmt::format(R"(<path class="{}" d="{}" {}/>)", style, commands, attributes);
}

void SvgCanvas::circle(
    double cx, double cy, double radius, std::string_view style, std::string_view title) {
  body_ += fmt::format(R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}">{}</circle>)",
                       style,
                       cx,
                       cy,
                       radius,
                       title_element(title));
}

void SvgCanvas::rect(double left,
                     double top,
                     double width,
                     double height,
                     std::string_view style,
                     std::string_view title,
                     double opacity) {
  body_ += fmt::format(
      R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill-opacity="{:.2f}">{}</rect>)",
      style,
      left,
      top,
      width,
      height,
      opacity,
      title_element(title));
}

void SvgCanvas::text(double at_x,
                     double at_y,
                     std::string_view anchor,
                     std::string_view content,
                     std::string_view style) {
  body_ += fmt::format(R"(<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)",
                       style,
                       at_x,
                       at_y,
                       anchor,
                       escape_html(content));
}

std::string SvgCanvas::finish(std::string_view description) const {
  return fmt::format(
      R"(<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">{}</svg>)",
      width_,
      height_,
      escape_html(description),
      body_);
}

std::string ink_style(std::string_view kind, Ink ink) {
  return fmt::format("{} ink-{}", kind, ink_name(ink));
}

std::string dash_attribute(Stroke stroke) {
  switch (stroke) {
    case Stroke::kDashed:
      return R"(stroke-dasharray="6 4" )";
    case Stroke::kDotted:
      return R"(stroke-dasharray="2 3" )";
    case Stroke::kLongDashed:
      return R"(stroke-dasharray="14 4" )";
    case Stroke::kDashDotted:
      return R"(stroke-dasharray="8 3 2 3" )";
    case Stroke::kDashDotDotted:
      return R"(stroke-dasharray="8 3 2 3 2 3" )";
    case Stroke::kSolid:
      break;
  }
  return {};
}

std::string polyline(const SvgCanvas& canvas,
                     const std::vector<double>& x,
                     const std::vector<double>& y) {
  std::string commands;
  bool pen_down = false;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const double px = canvas.x(x[i]), py = canvas.y(y[i]);
    if (std::isfinite(px) && std::isfinite(py)) {
      commands += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", px, py);
    }
    pen_down = std::isfinite(px) && std::isfinite(py);
  }
  return commands;
}

}  // namespace thalweg::report
