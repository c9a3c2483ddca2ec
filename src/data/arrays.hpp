#pragma once

#include <filesystem>

#include "data/split.hpp"
#include "thalweg/data/dataset.hpp"

namespace thalweg::data {

/// A user's own data: a NumPy archive with `x`, one example a row, and `y`, what to predict; the
/// test set is `x_test` and `y_test`.
///
/// x: (n, ...) of rank >= 1, (n) read as (n, 1). float64 stays, int32 and int64 of rank 2 become
///    int64 (tokens, if they are not standardised), everything else becomes float32, unscaled.
/// y: integers or booleans (n), the class labels 0..classes-1 (a class without examples is warned
///    about); or real numbers (n) or (n, c), the targets. Other arrays are ignored.
/// Sequences: x and y integers of one shape (n, T), tokens 0..vocabulary-1 and the label of each
///    position, -1 where there is none.
///
/// @throws BadInput  an array missing, empty or of different length; NaN or infinity (where it is);
///                   labels or tokens that are negative, too many or all the same
Dataset read_arrays(const std::filesystem::path& file, Split split = Split::kTrain);

}  // namespace thalweg::data
