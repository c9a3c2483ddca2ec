#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "thalweg/report/series_chart.hpp"
#include "thalweg/report/svg.hpp"
#include "thalweg/report/table.hpp"

namespace thalweg::report {

/// A key figure: what it is, its value, and a few words that put it into proportion.
struct Tile {
  std::string label, value, note = {};
};

/// A report as one self-contained HTML text: style, script, chart library and data are inside,
/// nothing is loaded.
///
/// Elements appear in the order in which they are added. All text is escaped; sentences are rich
/// text (see rich_text). Charts are interactive where the library dygraphs is installed, and still
/// pictures elsewhere.
class Page {
 public:
  /// @param title    the headline
  /// @param eyebrow  the short line above it
  Page(std::string title, std::string eyebrow);

  /// What made the page, for programs that find it: "Thalweg" where nothing else is said.
  void generator(std::string program) { generator_ = std::move(program); }

  void lead(const std::string& sentence);
  void metadata(const std::vector<std::pair<std::string, std::string>>& names_and_values);
  void tiles(const std::vector<Tile>& tiles);

  void section(const std::string& title);
  void paragraph(const std::string& sentences);
  void callout(Tone tone, const std::string& title, const std::vector<std::string>& items);
  void table(const Table& table);
  /// Says what colours or strokes mean in the charts to come. @param switches  whether an entry
  /// hides and shows everything of its colour, in all charts
  void legend(const std::vector<Trace>& entries, bool switches);
  void chart(const SeriesChart& chart);
  void small_multiples(const std::vector<SeriesChart>& charts);
  void drawing(const Drawing& drawing);
  void small_drawings(const std::vector<Drawing>& drawings);
  void preformatted(const std::string& text);
  void collapsed(const std::string& title, const std::string& text);

  void footer(const std::string& sentences);

  std::string html() const;

 private:
  std::string chart_figure(const SeriesChart& chart);

  std::string title_, eyebrow_, generator_ = "Thalweg";
  std::string library_;  ///< source of dygraphs; empty where it is not installed
  std::string head_, body_, footer_;
  nlohmann::json charts_ = nlohmann::json::array();
  bool has_still_charts_ = false;
};

}  // namespace thalweg::report
