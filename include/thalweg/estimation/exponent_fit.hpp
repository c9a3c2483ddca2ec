#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "thalweg/base/random.hpp"

namespace thalweg::estimation {

/// The sample size at which half of the seeds reach squared overlap 1/2.
///
/// P(overlap^2 >= 1/2) over seeds, made monotone in n by isotonic regression and interpolated
/// linearly in log n.
struct SamplesToHalf {
  /// Nothing where it was not reached, or reached by the first size already.
  std::optional<double> samples = {};

  /// Standard error of log(samples): the spread of `log_replicates`.
  double log_se = 0;

  /// log(samples) for seeds drawn anew with replacement. Where P jumps between two sizes, the place
  /// of the jump is unknown and drawn uniformly over the part of the gap that it takes up. A
  /// replicate that does not cross within the sizes counts at the end where it would leave them.
  std::vector<double> log_replicates = {};
};

/// @param samples    (m) ascending
/// @param overlaps2  (m, seeds); rows from the first that holds a NaN on were not run
/// @throws InvalidArgument  shapes that do not fit
SamplesToHalf samples_to_half(std::span<const std::int64_t> samples,
                              const std::vector<std::vector<double>>& overlaps2,
                              Key key,
                              int bootstraps = 500);

/// log n = log_prefactor + exponent log d: least squares over the dimensions where n is known,
/// weighted by the points' errors.
struct ExponentFit {
  std::optional<double> exponent = {};  ///< nothing with fewer than two points
  double se = 0;                        ///< over the points' replicates: resampled within each d
  double log_prefactor = 0;
  double curvature = 0;  ///< coefficient of (log d)^2 over its standard error, 0 with fewer than
                         ///< three points; beyond 2 in modulus no power law
};

/// @param dimensions  (p) positive, distinct   @param points  (p), from the same number of
/// bootstraps, each with a key of its own
ExponentFit fit_exponent(std::span<const int> dimensions, std::span<const SamplesToHalf> points);

/// Non-decreasing least-squares fit (pool adjacent violators); all weights equal.
std::vector<double> isotonic_regression(std::span<const double> values);

}  // namespace thalweg::estimation
