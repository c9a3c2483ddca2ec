#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace thalweg::report {

/// A colour by its meaning. The page has one colour for each, light and dark, in every chart; a
/// process keeps its own, and so does each of several runs on one page.
enum class Ink {
  kDiscrete,
  kMidpoint,
  kCentral,
  kStable,
  kRod,
  kStationary,
  kAblated,
  kNeutral,
  kRun1,
  kRun2,
  kRun3,
  kRun4,
  kRun5,
  kRun6,
  kRun7,
  kRun8
};
inline constexpr std::size_t kRunInks = 8;

/// The colour of the run at this place among several; after `kRunInks` they begin again.
Ink run_ink(std::size_t place);

std::string ink_name(
    Ink ink);  ///< "discrete": the suffix of the page's custom properties and classes

enum class Stroke { kSolid, kDashed, kDotted, kLongDashed, kDashDotted, kDashDotDotted };

std::string stroke_name(Stroke stroke);  ///< "long-dashed": the class of its entry in a key

/// One entry of a chart's key: lines of one colour that are shown and hidden together.
struct Trace {
  std::string name = {};
  Ink ink = Ink::kNeutral;
  std::vector<std::vector<double>> columns =
      {};  ///< one line each; NaN is a gap; may be shorter than x
  Stroke stroke = Stroke::kSolid;
  double width = 1.6;  ///< CSS pixels
  double opacity = 1;  ///< of the first line; later ones are fainter
  bool visible = true;
  bool band = false;  ///< two columns, low and high, filled between
};

struct ReferenceLine {
  double value = 0;
  std::string label;
};

/// A chart of series over the steps of a run, interactive in the page (zoom, key, log axis, values
/// on hover).
struct SeriesChart {
  std::string title = {};
  std::string quantity =
      {};  ///< what the vertical axis shows, with its unit: "training loss, nats"
  std::string takeaway = {};  ///< one sentence under the chart, rich text
  std::vector<double> x = {};
  std::vector<Trace> traces = {};
  std::optional<ReferenceLine> reference = {};
  std::optional<double> ceiling = {};  ///< top at opening, where one trace would flatten all others
  bool log_axis = false;  ///< how it opens; the reader may switch where all is not negative
  std::string x_label = "step";

  bool empty() const { return traces.empty(); }
};

/// Reduces a chart to at most `points` positions. Each bucket of neighbouring rows becomes two
/// positions holding, for every line, its smallest and largest finite value in the order in which
/// they came, so that no spike is lost; a band keeps its lowest low and highest high. Charts with
/// fewer positions are returned as they are.
SeriesChart down_sample(SeriesChart chart, std::size_t points = 4000);

/// The smallest finite value of a chart's visible lines, +infinity if there is none.
double smallest_value(const SeriesChart& chart);

/// What page.js draws: numbers with seven significant digits, null for gaps.
nlohmann::json chart_json(const SeriesChart& chart);

/// A moving average over about `window` rows, bell-shaped: three passes of a centred box of a third
/// of that, which costs O(rows) at any width. Shorter at the ends and around gaps. Rows before
/// `first` stay NaN and are not averaged over.
std::vector<double> smoothed(std::vector<double> values, std::size_t window, std::size_t first = 0);

}  // namespace thalweg::report
