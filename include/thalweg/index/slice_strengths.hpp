#pragma once

#include <cstdint>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/link_function.hpp"

namespace thalweg::index {

/// What the classical methods see of a link's hidden coordinates: the smallest eigenvalue, by
/// modulus, of each one's matrix in those coordinates. Zero: some direction they never find.
struct SliceStrengths {
  double means = 0;    ///< of E[m m^T], m = E[z | y]: sir
  double spreads = 0;  ///< of E[(I - V)^2], V = Cov(z | y): save
  double hessian = 0;  ///< of E[(y - E y) z z^T] over the deviation of y: phd
};

/// By Monte Carlo over 100 slices of the response, its values where there are few. Below
/// twice their error of 100 (r + 1) / points the first two count as zero, the third below
/// 5 / sqrt(points).
/// @throws NonFinite  a response that is not finite, InvalidArgument  fewer than 10,000 points
SliceStrengths slice_strengths(const estimation::LinkFunction& link,
                               std::int64_t points,
                               Key key = {});

}  // namespace thalweg::index
