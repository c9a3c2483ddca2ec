#pragma once

#include <string>
#include <vector>

#include "report/race_data.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {

// What the page of every race shows.

/// The most frugal method and the slowest growth.
std::vector<Tile> race_tiles(const RaceData& race);

/// Overlap against samples, a chart for each dimension.
void add_overlap_curves(Page& page, const RaceData& race);

/// Samples at overlap 1/2 in every dimension, the fitted exponents and the theory's.
Table growth_table(const RaceData& race);

/// The same against the dimension, with fits and theory, as chart, table and words.
void add_growth(Page& page, const RaceData& race);

}  // namespace thalweg::report
