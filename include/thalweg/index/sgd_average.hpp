#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/estimator.hpp"
#include "thalweg/index/direction_average.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Rows in float32, half the bytes of a pass.
using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct SgdAverageOptions {
  int order = 3;  ///< k: psi = h_k, with psi' scaled to h_{k-1}
  Readout readout = Readout::kFirst;
  double rate = 0.15;      ///< eta sqrt(d)
  std::int64_t steps = 0;  ///< of all chains together
  int chains = 4;          ///< one after the other, or on threads
  /// Most that a step moves theta before it is renormalised.
  double clip = std::numeric_limits<double>::infinity();
  int threads = 1;                         ///< changes nothing but the time
  std::function<bool()> interrupted = {};  ///< asked every few thousand steps, from all threads

  /// Sees every chain's theta about 40 times a decorrelation time, from all threads.
  std::function<void(const Vector& theta)> watch = {};
};

struct SgdAverage {
  Vector direction;                      ///< unit; empty if it was interrupted
  double strength = 0, angle_error = 0;  ///< see DirectionAverage
};

/// The average of minibatch SGD with batches of one over a fixed data set, no noise added:
///
///   theta <- normalise(theta + eta y_i h_{k-1}(theta.x_i) P_theta x_i),   i uniform in the rows.
///
/// The sampling noise does the work of Langevin's: with c = E[y^2 h_{k-1}^2] a step is one of dt =
/// c eta^2 at eps = 1 / (c eta), for n^{-1/2} <~ eta << d^{-1/2}. Conjectured, not proven, to reach
/// Langevin's rate.
///
/// @param x  (n, d)   @param y  (n), centred, of variance about one
/// Cost: two passes over a row of float32 a step.
/// Source: [Wei2026], arXiv:2603.06028, Section 5.
SgdAverage average_sgd(const FloatMatrix& x,
                       const Vector& y,
                       const SgdAverageOptions& options,
                       Key key);

struct SgdAverageEstimatorOptions {
  double rate = 0.15;
  /// Deviations at which responses are cut off: the average of long steps is not what their
  /// gradients would give. At 1.5 raw h_3 is found in d = 100 (overlap^2 0.92), uncut it is not
  /// (0.05).
  double response_clip = 1.5;
  double clip = 1;  ///< of a step; one row may pin a chain for a while otherwise
  std::int64_t most_steps = 100'000'000;  ///< for each estimate
};

/// `sgd-average`: average_sgd on the centred response over its deviation, cut off, for k
/// default_horizon steps at eps = 1; c_k is taken for 1/2 where the link is not known. First-order
/// readout for odd k, second-order for even; where the sign of the coefficient at an even order is
/// not known both are tried, and the stronger average is taken. Begins again at every size.
/// @throws InvalidArgument  by estimate(): more than one direction, an order outside 1..12
std::unique_ptr<estimation::Estimator> sgd_average(const SgdAverageEstimatorOptions& options = {});

}  // namespace thalweg::index
