#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/report/svg.hpp"

namespace thalweg::report {

/// Points with error bars, joined by lines; a NaN is a gap.
struct Curve {
  Ink ink = Ink::kNeutral;
  Stroke stroke = Stroke::kSolid;
  std::vector<ScatterPoint> points = {};
  bool joined = true, dotted = true;  ///< a line through the points; the points themselves
};

/// A straight line between two points; on logarithmic axes a power law.
struct StraightLine {
  Ink ink = Ink::kNeutral;
  Stroke stroke = Stroke::kDashed;
  std::pair<double, double> from, to;
};

/// Several curves on one pair of axes. Points that a logarithmic axis cannot show are left out.
struct CurvePlot {
  std::string title = {}, takeaway = {}, x_label = {}, y_label = {};
  std::vector<Curve> curves = {};
  std::vector<StraightLine> lines = {};
  std::optional<ReferenceLine> reference = {};            ///< a level to compare with
  std::optional<std::pair<double, double>> y_range = {};  ///< where it is not that of the points
  bool log_x = false, log_y = false;
};
Drawing draw(const CurvePlot& plot);

/// One of several small plots side by side: the narrow figure at every width.
Drawing draw_small(const CurvePlot& plot);

}  // namespace thalweg::report
