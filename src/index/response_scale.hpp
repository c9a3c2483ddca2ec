#pragma once

#include <vector>

#include "thalweg/estimation/estimator.hpp"

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

/// From the link, where the target has one; else from the first `rows` rows.
/// @throws InvalidArgument  a response that does not vary; NonFinite  one that is not finite
ResponseScale response_scale(const estimation::SampleSource& source,
                             const estimation::Target& target,
                             std::int64_t rows);

}  // namespace thalweg::index
