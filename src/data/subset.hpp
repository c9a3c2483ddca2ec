#pragma once

#include <cstdint>
#include <vector>

#include "thalweg/data/dataset.hpp"

namespace thalweg::data {

/// The rows of `all` that `options` keeps, see DatasetOptions::subset. kFirst gives them class by
/// class; kBalanced, kRandom and `examples == 0` in the order of the source. Classes that have no
/// example at all take no share.
///
/// @throws InvalidArgument  options that do not fit the data: more classes than it has, classes or
///                          a balance asked of real targets or of sequences
/// @throws BadInput         too few examples, of a class or in all (says how many there are)
std::vector<std::int64_t> selected_rows(const Dataset& all, const DatasetOptions& options);

/// The examples in `rows` of `all`, classes from 0 to `classes - 1` (0 keeps them all).
Dataset take_rows(const Dataset& all, std::vector<std::int64_t> rows, std::int64_t classes);

}  // namespace thalweg::data
