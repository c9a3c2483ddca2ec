#pragma once

#include <string>
#include <vector>

#include "thalweg/estimation/estimator.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// What a method knows about the response y, its label transform applied.
struct ResponseScale {
  double mean = 0, deviation = 1;

  /// Hermite coefficients c_0, ..., c_12 of (y - mean) / deviation where the link is known, without
  /// its noise; empty where it is not.
  std::vector<double> coefficients = {};

  double standardise(double y) const { return (y - mean) / deviation; }

  /// c_k, or 0 where it is not known or no more than rounding.
  double coefficient(int k) const;
};

/// From the link, where the target has one; else from the responses `y`, label transform applied.
/// @throws InvalidArgument  a response that does not vary; NonFinite  one that is not finite
ResponseScale response_scale(const estimation::Target& target, VectorView y);

/// By which signs of y an average over the sphere must be tried for w* to attract: one where the
/// sign of c_k is known or, at odd orders, does not matter.
std::vector<double> attracting_signs(const ResponseScale& scale, int order);

/// What the methods for one direction of order 1 to 12 in four dimensions or more ask for.
/// @throws InvalidArgument  naming the method
void check_single_index(const std::string& method, const estimation::Target& target, int dimension);

}  // namespace thalweg::index
