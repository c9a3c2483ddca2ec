#include <string>

#include <fmt/format.h>

#include "report/headlines.hpp"
#include "report/race_data.hpp"
#include "report/race_sections.hpp"

namespace thalweg::report {
namespace {

/// The key figures of a race and the table behind its last chart.
Headline race_headline(const Facts& facts) {
  const RaceData race = race_data(
      {.name = {}, .path = {}, .command = {}, .facts = facts, .configuration = {}, .series = {}});
  Headline out;
  for (const Tile& tile : race_tiles(race)) {
    if (out.key.empty()) out.key = fmt::format("{}: {}", tile.label, tile.value);
    out.lines.push_back(fmt::format("{}: **{}** ({}).", tile.label, tile.value, tile.note));
  }
  if (!race.methods.empty() && !race.dimensions.empty()) out.table = growth_table(race);
  return out;
}

}  // namespace

Headline recover_headline(const Facts& facts) { return race_headline(facts); }
Headline tensorpca_headline(const Facts& facts) { return race_headline(facts); }

}  // namespace thalweg::report
