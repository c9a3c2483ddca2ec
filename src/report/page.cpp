#include "thalweg/report/page.hpp"

#include <string_view>

#include <fmt/format.h>

#include "report/assets.hpp"
#include "report/dygraphs.hpp"
#include "thalweg/report/html.hpp"

namespace thalweg::report {
namespace {

/// The project's picture: an oscillating path and the smooth one it follows, down a valley.
constexpr std::string_view kOrnament =
    R"(<svg class="ornament" viewBox="0 0 1000 60" preserveAspectRatio="none" aria-hidden="true">)"
    R"(<path class="bank" d="M0 2C300 4 420 16 1000 20M0 58C300 57 420 46 1000 42"/>)"
    R"(<path class="path" d="M0 26L60 27L100 25L130 29L160 23L190 32L220 19L250 38L280 15L310 42L340 18L370 38)"
    R"(L400 22L430 35L460 25L490 36L520 20L550 41L580 21L610 37L640 25L670 34L700 27L730 36L760 23L790 39)"
    R"(L820 24L850 36L880 27L910 34L940 28L970 34L1000 29"/>)"
    R"(<path class="flow" d="M0 26C260 26 300 30 1000 31"/></svg>)";

std::string tone_class(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "tone-good";
    case Tone::kFair:
      return "tone-fair";
    case Tone::kPoor:
      return "tone-poor";
    case Tone::kPlain:
      break;
  }
  return "tone-plain";
}

std::string stroke_class(const Trace& trace) {
  if (trace.band) return "band";
  if (trace.stroke != Stroke::kSolid) return stroke_name(trace.stroke);
  return trace.opacity < 0.6 ? "faint" : "solid";
}

std::string key_entry(const Trace& trace, std::size_t index, bool interactive) {
  const std::string style = fmt::format("{} ink-{}", stroke_class(trace), ink_name(trace.ink));
  const std::string name = escape_html(trace.name);
  if (!interactive) {
    return fmt::format(R"(<li><label><span class="swatch {}"></span>{}</label></li>)", style, name);
  }
  return fmt::format(
      R"(<li><label><input type="checkbox" class="{}" data-trace="{}"{}>{}</label></li>)",
      style,
      index,
      trace.visible ? " checked" : "",
      name);
}

std::string key(const SeriesChart& chart, bool interactive) {
  std::string out = "<ul class=\"key\">";
  for (std::size_t t = 0; t < chart.traces.size(); ++t) {
    if (!interactive && !chart.traces[t].visible) continue;  // a still picture does not draw it
    out += key_entry(chart.traces[t], t, interactive);
  }
  return out + "</ul>";
}

std::string legend_entry(const Trace& trace, bool switches) {
  if (!switches) return key_entry(trace, 0, false);
  const std::string ink = ink_name(trace.ink);
  return fmt::format(
      R"(<li><label><input type="checkbox" class="solid ink-{}" data-ink="{}" checked>{}</label></li>)",
      ink,
      ink,
      escape_html(trace.name));
}

std::string takeaway(const std::string& sentence) {
  return sentence.empty() ? "" : "<p class=\"takeaway\">" + rich_text(sentence) + "</p>";
}

std::string tools(const SeriesChart& chart) {
  const bool can_be_log = smallest_value(chart) >= 0;
  return fmt::format(
      R"(<div class="tools"><button type="button" data-action="reset" hidden>Reset zoom</button>{}</div>)",
      can_be_log
          ? R"(<button type="button" data-action="log" aria-pressed="false">Log scale</button>)"
          : "");
}

std::string both_widths(const Drawing& drawing) {
  return fmt::format(
      R"(<div class="wide">{}</div><div class="narrow">{}</div>)", drawing.wide, drawing.narrow);
}

std::string still_figure(const SeriesChart& chart) {
  return fmt::format(R"(<figure><div class="figure-head"><h3>{}</h3></div>{}{}{}</figure>)",
                     escape_html(chart.title),
                     key(chart, false),
                     both_widths(draw(chart)),
                     takeaway(chart.takeaway));
}

std::string live_figure(const SeriesChart& chart, std::size_t index) {
  return fmt::format(
      R"(<figure data-chart="{}"><div class="figure-head"><h3>{}</h3>{}</div>{})"
      R"(<div class="axis-note">{}</div><div class="plot-area"><div class="plot" role="img" aria-label="{}"></div>)"
      R"(<div class="readout" hidden></div></div><div class="axis-note below">{}</div>{}</figure>)",
      index,
      escape_html(chart.title),
      tools(chart),
      key(chart, true),
      escape_html(chart.quantity),
      escape_html("Line chart: " + chart.title + ", " + chart.quantity),
      escape_html(chart.x_label),
      takeaway(chart.takeaway));
}

std::string table_row(const std::vector<Cell>& cells, std::size_t text_columns) {
  std::string out = "<tr>";
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (c == 0) {
      out += "<th scope=\"row\">" + rich_text(cells[c].text) + "</th>";
      continue;
    }
    std::string style = c >= text_columns ? "number" : "";
    if (cells[c].tone != Tone::kPlain) style += " " + tone_class(cells[c].tone);
    out += fmt::format(R"(<td class="{}">{}</td>)", style, rich_text(cells[c].text));
  }
  return out + "</tr>";
}

}  // namespace

Page::Page(std::string title, std::string eyebrow)
    : title_(std::move(title)), eyebrow_(std::move(eyebrow)), library_(dygraphs_source()) {}

void Page::lead(const std::string& sentence) {
  head_ += "<p class=\"lead\">" + rich_text(sentence) + "</p>";
}

void Page::metadata(const std::vector<std::pair<std::string, std::string>>& names_and_values) {
  head_ += "<dl class=\"metadata\">";
  for (const auto& [name, value] : names_and_values) {
    head_ +=
        fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape_html(name), escape_html(value));
  }
  head_ += "</dl>";
}

void Page::tiles(const std::vector<Tile>& tiles) {
  if (tiles.empty()) return;
  body_ += "<ul class=\"tiles\">";
  for (const Tile& tile : tiles) {
    body_ += fmt::format(
        R"(<li><span class="tile-label">{}</span><span class="tile-value">{}</span><span class="tile-note">{}</span></li>)",
        escape_html(tile.label),
        escape_html(tile.value),
        rich_text(tile.note));
  }
  body_ += "</ul>";
}

void Page::section(const std::string& title) { body_ += "<h2>" + escape_html(title) + "</h2>"; }

void Page::paragraph(const std::string& sentences) {
  if (!sentences.empty()) body_ += "<p>" + rich_text(sentences) + "</p>";
}

void Page::callout(Tone tone, const std::string& title, const std::vector<std::string>& items) {
  body_ += fmt::format(
      R"(<aside class="callout {}"><h3>{}</h3><ul>)", tone_class(tone), escape_html(title));
  for (const std::string& item : items) body_ += "<li>" + rich_text(item) + "</li>";
  body_ += "</ul></aside>";
}

void Page::table(const Table& table) {
  body_ += "<div class=\"table\"><table>";
  if (!table.caption.empty()) body_ += "<caption>" + escape_html(table.caption) + "</caption>";
  body_ += "<thead><tr>";
  for (std::size_t c = 0; c < table.head.size(); ++c) {
    body_ += fmt::format(R"(<th scope="col" class="{}">{}</th>)",
                         c >= table.text_columns ? "number" : "",
                         escape_html(table.head[c]));
  }
  body_ += "</tr></thead><tbody>";
  for (const auto& row : table.rows) body_ += table_row(row, table.text_columns);
  body_ += "</tbody></table></div>";
}

std::string Page::chart_figure(const SeriesChart& chart) {
  if (library_.empty()) {
    has_still_charts_ = true;
    return still_figure(chart);
  }
  const SeriesChart small = down_sample(chart);
  charts_.push_back(chart_json(small));
  return live_figure(small, charts_.size() - 1);
}

void Page::chart(const SeriesChart& chart) {
  if (!chart.empty()) body_ += chart_figure(chart);
}

void Page::legend(const std::vector<Trace>& entries, bool switches) {
  body_ += "<ul class=\"key legend\">";
  for (const Trace& entry : entries) body_ += legend_entry(entry, switches && !library_.empty());
  body_ += "</ul>";
}

void Page::small_multiples(const std::vector<SeriesChart>& charts) {
  if (charts.empty()) return;
  body_ += "<div class=\"multiples\">";
  for (const SeriesChart& one : charts) chart(one);
  body_ += "</div>";
}

void Page::drawing(const Drawing& drawing) {
  body_ += fmt::format("<figure><div class=\"figure-head\"><h3>{}</h3></div>{}{}</figure>",
                       escape_html(drawing.title),
                       both_widths(drawing),
                       takeaway(drawing.takeaway));
}

void Page::small_drawings(const std::vector<Drawing>& drawings) {
  body_ += "<div class=\"multiples\">";
  for (const Drawing& one : drawings) drawing(one);
  body_ += "</div>";
}

void Page::preformatted(const std::string& text) {
  body_ += "<pre><code>" + escape_html(text) + "</code></pre>";
}

void Page::collapsed(const std::string& title, const std::string& text) {
  body_ += "<details><summary>" + escape_html(title) + "</summary>";
  preformatted(text);
  body_ += "</details>";
}

void Page::footer(const std::string& sentences) {
  footer_ += "<p>" + rich_text(sentences) + "</p>";
}

std::string Page::html() const {
  std::string out = fmt::format(
      R"(<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{}</title>)"
      R"(<meta name="generator" content="{}">)"
      R"(<meta name="viewport" content="width=device-width, initial-scale=1"><style>{}</style></head>)"
      R"(<body data-charts="0"><header class="masthead">{}<p class="eyebrow">{}</p><h1>{}</h1>{}</header><main>)",
      escape_html(title_),
      escape_html(generator_),
      kPageCss,
      kOrnament,
      escape_html(eyebrow_),
      escape_html(title_),
      head_);
  if (has_still_charts_) {
    out += "<p class=\"notice\">" +
           rich_text(
               "The chart library dygraphs was not found at `" + dygraphs_path().string() +
               "`, so the charts are still pictures. Install `libjs-dygraphs`, or name the file in "
               "`THALWEG_DYGRAPHS`, and run `thalweg report` again.") +
           "</p>";
  }
  out += body_ + "</main>";
  if (!footer_.empty()) out += "<footer class=\"colophon\">" + footer_ + "</footer>";
  if (!charts_.empty()) {
    out += R"(<script type="application/json" id="thalweg-charts">)" + script_json(charts_) +
           "</script>";
    out += "<script>" + inline_script(library_) + "</script>";
    out += "<script>" + inline_script(kPageJs) + "</script>";
  }
  return out + "</body></html>\n";
}

}  // namespace thalweg::report
