#include "thalweg/report/tensorpca_page.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "report/race_sections.hpp"
#include "report/run_data.hpp"
#include "report/run_frame.hpp"
#include "thalweg/report/numbers.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {
namespace {

constexpr const char* kSource =
    "Theory: [Wei2026] averaged Langevin dynamics, arXiv:2603.06028; [Montanari2014] power "
    "iteration and unfolding, arXiv:1411.1076; [Hopkins2016] partial traces, arXiv:1512.02337.";

/// What decides the words of this page.
struct Setting {
  int order;  ///< 0 where the run does not say it
  bool refined, gradients;
};

Setting setting_of(const RunData& run) {
  const double order = run.facts.number("results.order").value_or(0);
  const auto* refined = run.facts.find("results.refine");
  return {.order = order >= 2 && order <= 5 ? static_cast<int>(order) : 0,
          .refined = refined != nullptr && refined->is_boolean() && refined->get<bool>(),
          .gradients = run.facts.text("results.average") == "gradients"};
}

/// "w⊗w⊗w"
std::string power_of_w(int order) {
  std::string text = "w";
  for (int j = 1; j < order; ++j) text += "⊗w";
  return text;
}

const RaceMethod* find_method(const RaceData& race, const std::string& name) {
  const auto found = std::ranges::find(race.methods, name, &RaceMethod::name);
  return found == race.methods.end() ? nullptr : &*found;
}

std::string what_it_does(const std::string& method, const Setting& setting) {
  const bool odd = setting.order % 2 == 1;
  const std::string refined = setting.refined ? ", then power iterations" : "";
  if (method == "langevin-average") {
    const std::string averaged = setting.gradients
                                     ? (odd ? "of the gradients b met on the way"
                                            : "of θbᵀ + bθᵀ, b the gradients met on the way")
                                     : (odd ? "of θ itself" : "of θθᵀ");
    return fmt::format(
        "noisy gradient ascent on ⟨Y, θ⊗…⊗θ⟩ over the sphere, and the {}time average {}{}",
        odd ? "" : "leading eigenvector of the ",
        averaged,
        refined);
  }
  if (method == "partial-trace") {
    return fmt::format("{}Y summed over pairs of equal indices until a {} is left{}",
                       odd ? "" : "the leading eigenvector of ",
                       odd ? "vector" : "matrix",
                       refined);
  }
  if (method == "power") return "θ ← Y[θ, …, θ] / |·| from ten random starts; the best end";
  if (method == "unfolding") {
    return fmt::format("Y as a matrix of d{} by d{}, and its leading singular vector",
                       setting.order < 4 ? "" : "²",
                       setting.order == 2                         ? ""
                       : setting.order == 3 || setting.order == 4 ? "²"
                                                                  : "³");
  }
  return "";
}

void add_problem(Page& page, const RaceData& race, const Setting& setting) {
  if (setting.order == 0) return;
  page.section("What is hidden, and who looks for it");
  page.paragraph(fmt::format(
      "Y = {} + G/√n. The direction w is uniform on the unit sphere of R^d; the entries of G are "
      "independent standard normal numbers, of which the symmetric part is taken. Averages over n "
      "rows of a data set look like that, so n counts as a sample size.",
      power_of_w(setting.order)));
  Table table{.caption = "The methods",
              .head = {"Method", "What it does", "n, says the theory"},
              .rows = {},
              .text_columns = 3};
  for (const RaceMethod& method : race.methods) {
    table.rows.push_back({method.name,
                          what_it_does(method.name, setting),
                          method.theory ? "d^" + number_text(*method.theory, 2) : "–"});
  }
  if (!table.rows.empty()) page.table(table);
}

/// What the two that are one estimator in the limit need of each other; "" where one is missing.
std::string sentence_about_average(const RaceData& race) {
  const RaceMethod* average = find_method(race, "langevin-average");
  const RaceMethod* trace = find_method(race, "partial-trace");
  if (average == nullptr || trace == nullptr) return "";
  double least = INFINITY, most = 0;
  for (std::size_t d = 0; d < race.dimensions.size(); ++d) {
    const double ratio = average->samples_to_half[d] / trace->samples_to_half[d];
    least = std::fmin(least, ratio);
    most = std::fmax(most, ratio);
  }
  if (most == 0) return "";
  return fmt::format(
      "At a high temperature and after a long time **langevin-average** and **partial-trace** are "
      "one estimator. Here the average needs {} to {} times as large an n.",
      number_text(least, 2),
      number_text(most, 2));
}

/// Why power iteration may be ahead of its law; "" where it is not.
std::string sentence_about_power(const RaceData& race) {
  const RaceMethod* power = find_method(race, "power");
  if (power == nullptr || !power->exponent || !power->theory || *power->exponent >= *power->theory)
    return "";
  return "The law of **power** counts one start. Here there are ten, and each iteration that has "
         "not settled is one more, which hides the power of d while d is small.";
}

}  // namespace

std::string tensorpca_page(const run::RunFolder& folder) {
  const RunData run = read_run(folder);
  const RaceData race = race_data(run);
  const Setting setting = setting_of(run);
  const std::string order = setting.order == 0 ? "" : fmt::format(" of order {}", setting.order);
  Page page("Spiked tensors" + order, eyebrow(run));
  page.lead(
      "A direction is hidden in a noisy symmetric tensor. How strong must it stand out for each "
      "method to find it, and how does that grow with the dimension?");
  add_metadata(page, run, {{"Order", "order"}, {"Averaged", "average"}, {"Seeds", "seeds"}});
  page.tiles(race_tiles(race));
  add_warnings(page, run);
  add_problem(page, race, setting);
  add_overlap_curves(page, race);
  add_growth(page, race);
  page.paragraph(sentence_about_average(race));
  page.paragraph(sentence_about_power(race));
  add_ending(page, run, kSource);
  return page.html();
}

}  // namespace thalweg::report
