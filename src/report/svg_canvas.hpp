#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

struct Range {
  double low = 0, high = 1;
  bool log = false;  ///< base 10; low > 0

  double unit(double value) const;  ///< 0 at low, 1 at high
};

/// The range of the values an axis can show, a little wider than they are; [0, 1] if there are
/// none.
Range range_of(const std::vector<double>& values, bool log = false);

/// Round positions inside a range, at most `count` of them: powers of ten, or 1, 2 and 5 times
/// those, or multiples of 1, 2 or 5 of one.
std::vector<double> ticks(const Range& range, int count);

/// The label of a tick: at most four significant digits.
std::string tick_text(double value);

/// `text` in at most `characters` UTF-8 characters, with an ellipsis where it was cut.
std::string shortened(std::string_view text, std::size_t characters);

struct Margins {
  double top = 12, right = 12, bottom = 44, left = 52;
};

/// A plot area with axes, into which marks are drawn in data coordinates. The page's style colours
/// everything by class.
class SvgCanvas {
 public:
  SvgCanvas(double width, double height, const Margins& margins, const Range& x, const Range& y);

  double x(double value) const;
  double y(double value) const;
  double width() const { return width_; }
  double plot_width() const { return width_ - margins_.left - margins_.right; }
  double plot_height() const { return height_ - margins_.top - margins_.bottom; }
  const Margins& margins() const { return margins_; }

  void x_axis(std::string_view label);
  void y_axis(std::string_view label);
  /// @param style  a class of page.css
  /// @param title  tooltip; none where empty
  void line(double x1,
            double y1,
            double x2,
            double y2,
            std::string_view style,
            std::string_view title = {});
  void path(std::string_view commands, std::string_view style, std::string_view attributes = {});
  void circle(double cx, double cy, double radius, std::string_view style, std::string_view title);
  void rect(double left,
            double top,
            double width,
            double height,
            std::string_view style,
            std::string_view title,
            double opacity = 1);
  /// @param anchor  "start", "middle" or "end"
  void text(double at_x,
            double at_y,
            std::string_view anchor,
            std::string_view content,
            std::string_view style = "tick");

  /// The <svg> element. @param description  what a screen reader says
  std::string finish(std::string_view description) const;

 private:
  double width_, height_;
  Margins margins_;
  Range x_, y_;
  std::string body_;
};

/// The classes of a mark of one kind ("dot", "line") in one colour.
std::string ink_style(std::string_view kind, Ink ink);

/// The attribute that dashes a path, with a blank behind; empty for a solid one.
std::string dash_attribute(Stroke stroke);

/// SVG path commands through points in data coordinates; a NaN lifts the pen.
std::string polyline(const SvgCanvas& canvas,
                     const std::vector<double>& x,
                     const std::vector<double>& y);

}  // namespace thalweg::report
