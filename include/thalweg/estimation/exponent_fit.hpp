#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "thalweg/base/random.hpp"

namespace thalweg::estimation {

/// The sample size at which half of the seeds reach squared overlap 1/2.
///
/// P(overlap^2 >= 1/2) over seeds, isotonic in n, interpolated in log n; the error resamples seeds.
struct SamplesToHalf {
  std::optional<double>
      samples;        ///< nothing where it was not reached, or reached by the first size already
  double log_se = 0;  ///< standard error of log(samples), by bootstrap over seeds
};

/// @param overlaps2  (samples, seeds)
SamplesToHalf samples_to_half(std::span<const std::int64_t> samples,
                              const std::vector<std::vector<double>>& overlaps2,
                              Key key,
                              int bootstraps = 500);

/// Slope of log n on log d, least squares weighted by the points' errors.
struct ExponentFit {
  std::optional<double> exponent;  ///< nothing with fewer than two points
  double se = 0;                   ///< bootstrap over seeds within each d
  double curvature = 0;  ///< quadratic coefficient over its standard error; above 2 no power law
};

}  // namespace thalweg::estimation
