#pragma once

#include <string>
#include <vector>

#include "thalweg/index/leap.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// A basis of the columns' span (r, s) that is easy to read: each vector has a row to itself, in
/// which the others are zero. Of unit length, positive in that row.
Matrix readable_basis(const Matrix& columns);

/// That of each leap's `directions` (r, found), one matrix (r, directions) a leap.
std::vector<Matrix> leap_bases(const Leaps& leaps, const Matrix& directions);

/// Which coordinates show at which order, given which others, a sentence a leap; "" without leaps.
/// Weights below a twentieth are left out. @param bases  of each leap, (names, directions)
std::string describe_steps(const Leaps& leaps,
                           const std::vector<Matrix>& bases,
                           const std::vector<std::string>& names);

/// The same for the coordinates z1, z2, ... of a link, and what it means; rich text with **...**.
std::string explain(const Leaps& generative, const Leaps& information);

}  // namespace thalweg::index
