#include "thalweg/report/tensorpca_page.hpp"

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

std::string lead(double order) {
  return fmt::format(
      "A direction w is hidden in noise, Y = w^{0} + G/√n, a symmetric tensor of order {0}; n "
      "plays "
      "the part of a sample size. How large must n be for each method to find w, and with which "
      "power of the dimension does it grow?",
      number_text(order));
}

}  // namespace

std::string tensorpca_page(const run::RunFolder& folder) {
  const RunData run = read_run(folder);
  const RaceData race = race_data(run);
  const auto order = run.facts.number("results.order");
  Page page(order ? "Spiked tensors of order " + number_text(*order) : "Spiked tensors",
            eyebrow(run));
  if (order) page.lead(lead(*order));
  add_metadata(page, run, {{"Averaged", "average"}, {"Refined", "refine"}, {"Seeds", "seeds"}});
  page.tiles(race_tiles(race));
  add_warnings(page, run);
  add_overlap_curves(page, race);
  add_growth(page, race);
  add_ending(page, run, kSource);
  return page.html();
}

}  // namespace thalweg::report
