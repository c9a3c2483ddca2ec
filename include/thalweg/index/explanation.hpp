#pragma once

#include <string>
#include <vector>

#include "thalweg/index/generative_exponent.hpp"
#include "thalweg/index/level_sets.hpp"

namespace thalweg::index {

/// One level of a link: where it is taken, and how much weight each place has there (they add to
/// one).
struct LevelExample {
  double level;
  std::vector<double> z, weights;
};

/// Levels that show what a link does: those of z = +-0.3, +-0.7 and +-1.3, ascending, where branches
/// take them. Both halves of even links.
std::vector<LevelExample> level_examples(const LevelSets& level_sets);

/// Why the generative exponent is what it is, in a few sentences; rich text with **...**.
std::string explain(const LevelSets& level_sets, const LinkExponents& found, bool noisy);

}  // namespace thalweg::index
