#include "thalweg/report/exponent_page.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/run_data.hpp"
#include "report/run_frame.hpp"
#include "thalweg/report/curve_plot.hpp"
#include "thalweg/report/numbers.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {
namespace {

constexpr const char* kSource =
    "Theory: [Damian2024] generative exponent, arXiv:2403.05529; [Damian2025] generative leap, "
    "arXiv:2506.05500.";

double number_in(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

std::vector<double> numbers_in(const nlohmann::json& object, const char* key) {
  std::vector<double> numbers;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return numbers;
  for (const auto& value : *found) numbers.push_back(value.is_number() ? value.get<double>() : NAN);
  return numbers;
}

std::string order_text(const RunData& run, const char* path) {
  const auto order = run.facts.number(path);
  return order ? number_text(*order) : "none found";
}

/// The power of d that the best methods need: d^max(1, k/2).
std::string growth_of(const RunData& run, const char* path) {
  const auto order = run.facts.number(path);
  return order ? fmt::format("samples of order d^{}", number_text(std::max(1.0, *order / 2))) : "";
}

bool has(const RunData& run, const char* path) { return run.facts.find(path) != nullptr; }

std::vector<Tile> tiles_of(const RunData& run) {
  if (!has(run, "results.undetected")) {
    return {{"Generative exponent",
             order_text(run, "results.generative_exponent"),
             growth_of(run, "results.generative_exponent")},
            {"Information exponent",
             order_text(run, "results.information_exponent"),
             "for methods that correlate with the raw response"}};
  }
  const Tile generative = {"Generative leap",
                           order_text(run, "results.generative_leap"),
                           growth_of(run, "results.generative_leap")};
  if (has(run, "results.information_leap")) {
    return {
        generative,
        {"Information leap", order_text(run, "results.information_leap"), "for the raw response"}};
  }
  return {generative,
          {"Directions not found", order_text(run, "results.undetected"), "of the columns given"}};
}

/// "0.80 a − 0.60 b", or "a" alone: weights of columns, those below a hundredth left out.
std::string combination_text(const nlohmann::json& weights) {
  constexpr double kVisible = 0.01, kAlone = 0.999;
  std::string text;
  for (const auto& [column, value] : weights.items()) {
    const double weight = value.is_number() ? value.get<double>() : NAN;
    if (!(std::abs(weight) >= kVisible)) continue;
    const char* sign = weight < 0 ? (text.empty() ? "−" : " − ") : (text.empty() ? "" : " + ");
    text += std::abs(weight) > kAlone ? sign + column
                                      : fmt::format("{}{:.2f} {}", sign, std::abs(weight), column);
  }
  return text;
}

std::string combinations_text(const nlohmann::json& leap) {
  const auto found = leap.find("combinations");
  if (found == leap.end() || !found->is_array()) return "";
  std::string text;
  for (const auto& weights : *found) {
    if (!weights.is_object()) continue;
    if (!text.empty()) text += "; ";
    text += combination_text(weights);
  }
  return text;
}

void add_leaps(Page& page, const RunData& run, const char* path, const char* caption) {
  const auto* leaps = run.facts.find(path);
  if (leaps == nullptr || !leaps->is_array() || leaps->empty()) return;
  Table table{.caption = caption,
              .head = {"Leap", "Order", "New directions", "Strength at that order"},
              .rows = {}};
  const bool sampled = has(run, "results.columns");
  if (sampled) table.head.push_back("error");
  table.head.push_back(sampled ? "Directions, of standardised columns" : "Directions");
  for (const auto& leap : *leaps) {
    if (!leap.is_object()) continue;
    const auto strengths = numbers_in(leap, "strengths");
    table.rows.push_back({fmt::format("{}", table.rows.size() + 1),
                          number_text(number_in(leap, "order")),
                          number_text(number_in(leap, "directions")),
                          strengths.empty() ? "–" : number_text(strengths.back())});
    if (sampled) {
      const auto tests = leap.find("orders");
      const bool tested = tests != leap.end() && tests->is_array() && !tests->empty();
      table.rows.back().push_back(tested ? number_text(number_in(tests->back(), "se"), 2) : "–");
    }
    table.rows.back().push_back(combinations_text(leap));
  }
  page.table(table);
}

/// Every order that samples were tried at, leap by leap.
void add_tests(Page& page, const RunData& run) {
  if (!has(run, "results.columns")) return;
  Table table{.caption = "Orders tried; the last that shows ends its leap",
              .head = {"Leap", "Order", "Strength", "error", "z score", "would show from", "shows"},
              .rows = {}};
  const auto add = [&](const nlohmann::json& tests, std::size_t leap) {
    if (!tests.is_array()) return;
    for (const auto& test : tests) {
      if (!test.is_object()) continue;
      table.rows.push_back({fmt::format("{}", leap),
                            number_text(number_in(test, "order")),
                            number_text(number_in(test, "strength")),
                            number_text(number_in(test, "se"), 2),
                            number_text(number_in(test, "z_score"), 3),
                            number_text(number_in(test, "resolvable"), 2),
                            test.value("shows", nlohmann::json()) == true ? "yes" : "no"});
    }
  };
  std::size_t leap = 1;
  if (const auto* leaps = run.facts.find("results.leaps"); leaps != nullptr && leaps->is_array()) {
    for (const auto& found : *leaps) {
      if (found.is_object() && found.contains("orders")) add(found["orders"], leap);
      ++leap;
    }
  }
  if (const auto* rest = run.facts.find("results.unresolved")) add(*rest, leap);
  page.section("Order by order");
  page.table(table);
}

void add_link(Page& page, const RunData& run) {
  const auto z = run.facts.numbers("results.picture.z");
  const auto y = run.facts.numbers("results.picture.y");
  if (z.size() != y.size() || z.empty()) return;
  CurvePlot plot{.title = "The link and some of its levels",
                 .takeaway = "Dots on one height are the places z from which that response comes.",
                 .x_label = "index z",
                 .y_label = "response y"};
  Curve curve{.ink = Ink::kCentral, .dotted = false};
  for (std::size_t i = 0; i < z.size(); ++i) {
    // A jump is no line.
    const bool jump = i > 0 && i + 1 < z.size() && y[i] != y[i - 1] && y[i] == y[i + 1] &&
                      (i < 2 || y[i - 1] == y[i - 2]);
    curve.points.push_back({.x = z[i], .y = jump ? NAN : y[i]});
  }
  plot.curves.push_back(std::move(curve));
  constexpr Ink kInks[] = {Ink::kDiscrete, Ink::kStable, Ink::kRod, Ink::kStationary};
  const auto* levels = run.facts.find("results.picture.levels");
  for (std::size_t i = 0; levels != nullptr && levels->is_array() && i < levels->size(); ++i) {
    const auto& level = (*levels)[i];
    if (!level.is_object()) continue;
    const auto weights = numbers_in(level, "weights");
    const auto places = numbers_in(level, "z");
    Curve dots{.ink = kInks[i % std::size(kInks)], .joined = false};
    for (std::size_t j = 0; j < places.size(); ++j) {
      if (std::abs(places[j]) > z.back()) continue;
      dots.points.push_back(
          {.x = places[j],
           .y = number_in(level, "level"),
           .label = j < weights.size() ? percent_text(weights[j]) + " of this level" : ""});
    }
    plot.curves.push_back(std::move(dots));
  }
  page.drawing(draw(plot));
}

/// Six digits; what rounding leaves of a zero is zero.
std::string value_text(double value) {
  constexpr double kRounding = 1e-12;
  return number_text(std::abs(value) < kRounding ? 0 : value, 6);
}

void add_orders(Page& page, const RunData& run) {
  const auto lambda = run.facts.numbers("results.lambda");
  if (lambda.size() < 2) return;
  const auto errors = run.facts.numbers("results.lambda_error");
  const auto coefficients = run.facts.numbers("results.hermite_coefficients");
  BarChart chart{.title = "What every order shows",
                 .takeaway =
                     "λ of order k is the share of h_k(z) that the response determines: the "
                     "generative exponent is the first order above zero.",
                 .x_label = "λ"};
  Table table{.caption = "Orders", .head = {"Order", "λ", "error", "Coefficient of y"}, .rows = {}};
  for (std::size_t k = 1; k < lambda.size(); ++k) {
    const double error = k < errors.size() ? errors[k] : NAN;
    chart.bars.push_back({fmt::format("order {}", k), lambda[k], std::isnan(error) ? 0 : error});
    table.rows.push_back({fmt::format("{}", k),
                          value_text(lambda[k]),
                          number_text(error, 2),
                          k < coefficients.size() ? value_text(coefficients[k]) : "–"});
  }
  page.section("Order by order");
  page.drawing(draw(chart));
  page.table(table);
}

void add_plan(Page& page, const RunData& run) {
  const auto* needed = run.facts.find("results.samples_needed");
  if (needed == nullptr || !needed->is_object()) return;
  page.section("Rows that every method needs");
  Table table{.caption = "", .head = {"Method", "Rows", "From"}, .rows = {}, .text_columns = 1};
  for (const auto& [method, need] : needed->items()) {
    const double samples = number_in(need, "samples");
    const bool exact = need.value("exact_law", false);
    table.rows.push_back({method,
                          std::isnan(samples) ? "no number is enough"
                          : exact             ? number_text(samples, 4)
                                              : fmt::format("about {:.0e}", samples),
                          std::isnan(samples) ? "–"
                          : exact             ? "an exact law"
                                              : "an order of magnitude"});
  }
  page.table(table);
}

}  // namespace

std::string exponent_page(const run::RunFolder& folder) {
  const RunData run = read_run(folder);
  const std::string link = run.facts.text("results.link");
  Page page(link.empty() ? "How hard are these samples" : "How hard is y = " + link, eyebrow(run));
  page.lead(
      "At which order the response shows where the hidden directions lie, and what that costs in "
      "samples.");
  add_metadata(page, run, {{"Link", "link"}, {"Noise", "noise"}, {"Rows", "rows"}});
  page.tiles(tiles_of(run));
  const std::string explanation = run.facts.text("results.explanation");
  if (!explanation.empty()) {
    page.section("Why");
    page.paragraph(explanation);
  }
  add_link(page, run);
  add_leaps(
      page, run, "results.information_leaps", "Information leaps: what the raw response shows");
  if (has(run, "results.undetected"))
    add_leaps(page, run, "results.leaps", "Generative leaps: what some transform of it shows");
  add_warnings(page, run);
  add_orders(page, run);
  add_tests(page, run);
  add_plan(page, run);
  add_ending(page, run, kSource);
  return page.html();
}

}  // namespace thalweg::report
