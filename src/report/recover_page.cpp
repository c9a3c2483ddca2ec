#include "thalweg/report/recover_page.hpp"

#include <fmt/format.h>

#include "report/race_sections.hpp"
#include "report/run_data.hpp"
#include "report/run_frame.hpp"
#include "thalweg/report/numbers.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {
namespace {

constexpr const char* kSource =
    "Theory: [Damian2024] generative exponent and partial trace, arXiv:2403.05529; [Damian2025] "
    "generative leap and spectral U-statistic, arXiv:2506.05500; [Damian2023b] smoothed online "
    "SGD, "
    "arXiv:2305.10633; [Wei2026] averaged Langevin dynamics, arXiv:2603.06028.";

std::string lead(const RunData& run) {
  const double directions = run.facts.number("results.directions").value_or(1);
  const std::string hidden =
      directions == 1 ? "one hidden direction" : number_text(directions) + " hidden directions";
  return fmt::format(
      "The response depends on {} of x only. How many samples does each method need to "
      "find it, and with which power of the dimension does that number grow?",
      hidden);
}

}  // namespace

std::string recover_page(const run::RunFolder& folder) {
  const RunData run = read_run(folder);
  const RaceData race = race_data(run);
  const std::string link = run.facts.text("results.link");
  Page page(link.empty() ? "A race of estimators" : "Recovering y = " + link, eyebrow(run));
  page.lead(lead(run));
  add_metadata(page,
               run,
               {{"Link", "link"},
                {"Noise", "noise"},
                {"Order", "order"},
                {"Labels", "labels"},
                {"Seeds", "seeds"}});
  page.tiles(race_tiles(race));
  add_warnings(page, run);
  add_overlap_curves(page, race);
  add_growth(page, race);
  add_ending(page, run, kSource);
  return page.html();
}

}  // namespace thalweg::report
