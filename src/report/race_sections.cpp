#include "report/race_sections.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "thalweg/report/curve_plot.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

/// A method keeps its colour in every chart; after the colours end they begin again, dashed.
Ink ink_of(std::size_t method) { return run_ink(method); }
Stroke stroke_of(std::size_t method) {
  return method < kRunInks ? Stroke::kSolid : Stroke::kDashed;
}

std::vector<Trace> legend_of(const RaceData& race) {
  std::vector<Trace> entries;
  for (std::size_t m = 0; m < race.methods.size(); ++m)
    entries.push_back({.name = race.methods[m].name, .ink = ink_of(m), .stroke = stroke_of(m)});
  return entries;
}

std::string power_text(double exponent) { return "d^" + number_text(exponent, 2); }

std::string with_error(const RaceMethod& method) {
  return fmt::format("{:.2f} ± {:.2f}", *method.exponent, method.exponent_se.value_or(NAN));
}

/// How far measurement and theory are apart, in standard errors.
std::optional<double> deviation(const RaceMethod& method) {
  if (!method.exponent || !method.exponent_se || !method.theory || !(*method.exponent_se > 0))
    return {};
  return (*method.exponent - *method.theory) / *method.exponent_se;
}

// --- overlap curves ---------------------------------------------------------------------------

Curve overlap_curve(const RaceData& race, std::size_t m, std::size_t d) {
  const RaceMethod& method = race.methods[m];
  Curve curve{.ink = ink_of(m), .stroke = stroke_of(m)};
  for (std::size_t i = 0; i < race.samples[d].size(); ++i) {
    const double n = race.samples[d][i], mean = method.overlap2_mean[d][i];
    const double error = method.overlap2_se[d][i];
    curve.points.push_back({.x = n,
                            .y = mean,
                            .low = mean - error,
                            .high = mean + error,
                            .label = fmt::format("{}, d = {}, n = {}: {} ± {}",
                                                 method.name,
                                                 number_text(race.dimensions[d]),
                                                 number_text(n, 6),
                                                 number_text(mean),
                                                 number_text(error, 2))});
  }
  return curve;
}

CurvePlot overlap_plot(const RaceData& race, std::size_t d) {
  CurvePlot plot{.title = "d = " + number_text(race.dimensions[d], 6),
                 .x_label = "samples n",
                 .y_label = "mean overlap²",
                 .reference = ReferenceLine{0.5, ""},
                 .y_range = std::pair(0.0, 1.02),
                 .log_x = true};
  for (std::size_t m = 0; m < race.methods.size(); ++m)
    plot.curves.push_back(overlap_curve(race, m, d));
  return plot;
}

// --- growth -----------------------------------------------------------------------------------

Curve half_points(const RaceData& race, std::size_t m) {
  const RaceMethod& method = race.methods[m];
  Curve points{.ink = ink_of(m), .joined = false};
  for (std::size_t d = 0; d < race.dimensions.size(); ++d) {
    const double n = method.samples_to_half[d];
    if (std::isnan(n)) continue;
    const double factor = std::exp(method.samples_to_half_log_se[d]);
    points.points.push_back({.x = race.dimensions[d],
                             .y = n,
                             .low = n / factor,
                             .high = n * factor,
                             .label = fmt::format("{}, d = {}: {} samples",
                                                  method.name,
                                                  number_text(race.dimensions[d]),
                                                  number_text(n))});
  }
  return points;
}

/// The fitted power law over the dimensions, and the theory's slope through its middle.
void add_laws(CurvePlot& plot, const RaceData& race, std::size_t m, const Curve& points) {
  const RaceMethod& method = race.methods[m];
  if (!method.exponent || !method.log_prefactor || points.points.size() < 2) return;
  const double first = points.points.front().x, last = points.points.back().x;
  const double middle = std::sqrt(first * last);
  const double height = std::exp(*method.log_prefactor) * std::pow(middle, *method.exponent);
  const auto line = [&](double exponent, Stroke stroke) {
    const auto at = [&](double d) { return std::pair(d, height * std::pow(d / middle, exponent)); };
    plot.lines.push_back({.ink = ink_of(m), .stroke = stroke, .from = at(first), .to = at(last)});
  };
  line(*method.exponent, Stroke::kSolid);
  if (method.theory) line(*method.theory, Stroke::kDashed);
}

CurvePlot growth_plot(const RaceData& race) {
  CurvePlot plot{.title = "Samples at overlap² = 1/2",
                 .takeaway =
                     "Points are the sizes at which half of the seeds have found half, with "
                     "one standard error; the line through them is the fitted power of d, "
                     "the dashed one has the theory's slope.",
                 .x_label = "dimension d",
                 .y_label = "samples n",
                 .log_x = true,
                 .log_y = true};
  for (std::size_t m = 0; m < race.methods.size(); ++m) {
    Curve points = half_points(race, m);
    add_laws(plot, race, m, points);
    plot.curves.push_back(std::move(points));
  }
  return plot;
}

std::string verdict(const RaceMethod& method) {
  if (!method.was_run()) return "unfinished";
  if (!method.theory) return method.reached_half() ? "against the theory" : "blind, as expected";
  if (!method.exponent) return method.reached_half() ? "too few dimensions" : "not reached";
  const auto away = deviation(method);
  if (!away) return "no error bar";
  return std::abs(*away) < 2 ? "agrees" : fmt::format("{:+.1f} standard errors", *away);
}

Tone tone_of(const RaceMethod& method) {
  if (!method.was_run()) return Tone::kPlain;
  const auto away = deviation(method);
  if (!method.theory) return method.reached_half() ? Tone::kFair : Tone::kGood;
  if (!away) return Tone::kPlain;
  return std::abs(*away) < 2 ? Tone::kGood : Tone::kFair;
}

}  // namespace

Table growth_table(const RaceData& race) {
  Table table{
      .caption = "Samples at overlap² = 1/2, and how they grow", .head = {"Method"}, .rows = {}};
  for (const double d : race.dimensions) table.head.push_back("d = " + number_text(d, 6));
  table.head.insert(table.head.end(), {"Exponent", "Theory", "Verdict"});
  for (const RaceMethod& method : race.methods) {
    std::vector<Cell> row = {method.name};
    for (std::size_t d = 0; d < race.dimensions.size(); ++d) {
      const double n = method.samples_to_half[d];
      row.emplace_back(std::isnan(n) ? "–" : number_text(n));
    }
    row.emplace_back(method.exponent ? with_error(method) : "–");
    row.emplace_back(method.theory ? number_text(*method.theory) : "∞");
    row.emplace_back(verdict(method), tone_of(method));
    table.rows.push_back(std::move(row));
  }
  return table;
}

namespace {

bool is_blind(const RaceMethod& method) {
  return method.was_run() && !method.theory && !method.reached_half();
}

/// Methods that cannot succeed and did not, in one sentence; "" if there are none.
std::string sentence_about_blind(const RaceData& race) {
  std::vector<std::string> names;
  double best = 0;
  for (const RaceMethod& method : race.methods) {
    if (!is_blind(method)) continue;
    names.push_back("**" + method.name + "**");
    best = std::fmax(best, method.best_overlap2(race.dimensions.size() - 1));
  }
  if (names.empty()) return {};
  return fmt::format(
      "{} cannot see this problem, says the theory, and {} not: overlap² {} at most in "
      "d = {}, where chance alone gives {}.",
      joined_list(names),
      names.size() == 1 ? "does" : "do",
      number_text(best, 2),
      number_text(race.dimensions.back(), 6),
      number_text(1 / race.dimensions.back(), 2));
}

std::string sentence_about(const RaceMethod& method, const RaceData& race) {
  const std::string name = "**" + method.name + "**";
  if (!method.was_run()) return name + " has not been run in every dimension yet.";
  if (!method.reached_half()) {
    return fmt::format(
        "{} stays at overlap² {} at most in d = {}, though samples of order {} should "
        "be enough: give it more.",
        name,
        number_text(method.best_overlap2(race.dimensions.size() - 1), 2),
        number_text(race.dimensions.back(), 6),
        power_text(*method.theory));
  }
  if (!method.exponent) return name + " gets there, in too few dimensions to fit a power.";
  std::string text = fmt::format("{} needs samples of order d^({})", name, with_error(method));
  text += method.theory ? fmt::format("; the theory says {}", power_text(*method.theory))
                        : "; the theory says that no number is enough";
  if (method.curvature && std::abs(*method.curvature) > 2)
    text += fmt::format(" (the points bend by {:.1f} standard errors: no clean power yet)",
                        *method.curvature);
  return text + ".";
}

}  // namespace

std::vector<Tile> race_tiles(const RaceData& race) {
  std::vector<Tile> tiles;
  if (race.dimensions.empty()) return tiles;
  const std::size_t last = race.dimensions.size() - 1;
  const RaceMethod* frugal = nullptr;
  const RaceMethod* slow = nullptr;
  for (const RaceMethod& method : race.methods) {
    const double n = method.samples_to_half[last];
    if (!std::isnan(n) && (frugal == nullptr || n < frugal->samples_to_half[last]))
      frugal = &method;
    if (method.exponent && (slow == nullptr || *method.exponent < *slow->exponent)) slow = &method;
  }
  if (frugal != nullptr) {
    tiles.push_back({"Fewest samples in d = " + number_text(race.dimensions[last], 6),
                     number_text(frugal->samples_to_half[last]),
                     "by " + frugal->name});
  }
  if (slow != nullptr)
    tiles.push_back({"Slowest growth",
                     fmt::format("d^{:.2f}", *slow->exponent),
                     fmt::format("of {}, ± {:.2f}", slow->name, slow->exponent_se.value_or(NAN))});
  const auto reached = std::ranges::count_if(race.methods, &RaceMethod::reached_half);
  tiles.push_back({"Methods that got there",
                   fmt::format("{} of {}", reached, race.methods.size()),
                   "overlap² 1/2 in some dimension"});
  return tiles;
}

void add_overlap_curves(Page& page, const RaceData& race) {
  if (race.methods.empty() || race.dimensions.empty()) return;
  page.section("How much is found");
  page.paragraph(
      "Overlap² is 1 where the estimate is the truth, and about 1/d by chance. Every method meets "
      "the same problems; bars are one standard error over seeds.");
  page.legend(legend_of(race), false);
  std::vector<Drawing> drawings;
  for (std::size_t d = 0; d < race.dimensions.size(); ++d)
    drawings.push_back(draw_small(overlap_plot(race, d)));
  page.small_drawings(drawings);
}

void add_growth(Page& page, const RaceData& race) {
  if (race.methods.empty() || race.dimensions.empty()) return;
  page.section("How the need grows with the dimension");
  const auto growing = std::ranges::any_of(race.methods, &RaceMethod::reached_half);
  if (growing) {
    page.legend(legend_of(race), false);
    page.drawing(draw(growth_plot(race)));
  }
  for (const RaceMethod& method : race.methods)
    if (!is_blind(method)) page.paragraph(sentence_about(method, race));
  page.paragraph(sentence_about_blind(race));
  page.table(growth_table(race));
  page.paragraph(
      "The theory speaks of large d. Errors are about seeds only: at small d logarithms and lower "
      "orders tilt a power, which more and larger dimensions would show.");
}

}  // namespace thalweg::report
