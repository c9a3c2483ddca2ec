#pragma once

#include <cstdint>
#include <vector>

namespace thalweg::estimation {

/// Sizes from `from` to at least `to`, each about `ratio` times the one before, rounded to two
/// digits, ascending.
///
/// Two digits, so that nearby ranges share their sizes; below 10 whole numbers.
/// @throws InvalidArgument  from below 1, to below from, or ratio below 1.1
std::vector<std::int64_t> geometric_sizes(double from, double to, double ratio);

}  // namespace thalweg::estimation
