#pragma once

#include <span>
#include <vector>

namespace thalweg::index {

/// A response cut into slices of about equal mass, or into its values where it has few.
struct Slices {
  std::vector<int> labels;  ///< (n) the slice of every row, 0 to count - 1, ascending with y
  int count = 0;
};

/// Cuts y into about `count` slices. Ties stay together: a value with half a slice's rows or more
/// (an atom, a class) is a slice of its own, and neighbours share the slices between.
///
/// Splitting an atom would let its rows' order, which says nothing, look like a response.
/// @param y  (n) finite   @param count  2 to n
/// @throws InvalidArgument  count out of range, or y has one value only
Slices slices_of(std::span<const double> y, int count);

}  // namespace thalweg::index
