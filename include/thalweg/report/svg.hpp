#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

/// A static figure as inline SVG, coloured by the page's style (so it follows light and dark). It
/// is drawn twice, as text must keep its size on a narrow screen; the style shows one.
struct Drawing {
  std::string title;
  std::string takeaway;  ///< rich text
  std::string wide;      ///< <svg> 720 units across
  std::string narrow;    ///< <svg> 340 units across
};

struct Stem {
  double position = 0;
  std::string label;  ///< shown as a tooltip
};

/// A density over the line, with a stem for each value that stands outside of the bulk.
struct DensityPlot {
  std::string title = {}, takeaway = {}, x_label = {}, y_label = {};
  std::vector<double> points = {}, values = {};  ///< same length; values not negative
  std::vector<Stem> stems = {};
  bool log_y = false;  ///< base 10, clipped six decades below the largest value
};
Drawing draw(const DensityPlot& plot);

/// Counts of values in `bins` equal intervals between the smallest and the largest, as a density
/// plot of steps.
DensityPlot histogram(const std::vector<double>& values, int bins);

struct ScatterPoint {
  double x = 0, y = 0;
  double low = std::numeric_limits<double>::quiet_NaN();  ///< error bar; NaN for none
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string label = {};  ///< tooltip
};

/// y = intercept + slope x, in log10 of the axes that are logarithmic.
struct FittedLine {
  double intercept = 0, slope = 0;
  std::string label;
};

/// Points with error bars and a fitted line. Points that a logarithmic axis cannot show are left
/// out.
struct ScatterPlot {
  std::string title = {}, takeaway = {}, x_label = {}, y_label = {};
  std::vector<ScatterPoint> points = {};
  std::optional<FittedLine> fit = {};
  bool log_x = false, log_y = false;
  Ink ink = Ink::kCentral;
};
Drawing draw(const ScatterPlot& plot);

/// A matrix of cells: the colour's strength is the magnitude, the colour itself the sign.
struct HeatMap {
  std::string title = {}, takeaway = {}, x_label = {}, y_label = {};
  std::vector<std::string> rows = {}, columns = {};  ///< labels
  std::vector<double> values = {};                   ///< row-major; NaN is an empty cell
};
Drawing draw(const HeatMap& map);

struct Bar {
  std::string label;
  double value = 0;
  double error = 0;  ///< half length of the error bar
};

/// Horizontal bars from zero, one a line.
struct BarChart {
  std::string title = {}, takeaway = {}, x_label = {};
  std::vector<Bar> bars = {};
  Ink ink = Ink::kCentral;
};
Drawing draw(const BarChart& chart);

/// A series chart as a still picture, for pages without a chart library.
Drawing draw(const SeriesChart& chart);

}  // namespace thalweg::report
