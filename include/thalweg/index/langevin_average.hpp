#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/estimator.hpp"
#include "thalweg/index/direction_average.hpp"
#include "thalweg/index/sphere_loss.hpp"

namespace thalweg::index {

struct LangevinOptions {
  Readout readout = Readout::kFirst;

  /// Average b(theta), or theta b^T + b theta^T, instead of theta, or theta theta^T: the same
  /// direction in the limit, without the noise of the Brownian motion.
  bool rao_blackwell = false;

  double inverse_temperature = 1;  ///< eps >= 0; 0 is Brownian motion on the sphere
  double horizon = 1;              ///< T, time of all chains together, after their burn-in
  double step = 0.05;              ///< c = d dt; the scheme's bias is of this order
  int chains = 16;                 ///< side by side
  int blocks = 20;                 ///< for the error bar

  /// Ends after 5, 10, 20, ... blocks when the direction's angle_error is below.
  double angle_tolerance = 0;

  std::function<bool()> interrupted = {};             ///< asked before every block
  std::function<void(MatrixView points)> watch = {};  ///< (chains, d) after every step
};

struct LangevinAverage {
  Vector direction;        ///< unit
  Matrix mean;             ///< of theta (d, 1) or theta theta^T (d, d), or of what replaces them
  double strength = 0;     ///< of it, and
  double angle_error = 0;  ///< of the direction, radians: see DirectionAverage
  double time = 0;         ///< T, as far as it came
  double effective_samples = 0;  ///< T d / 2: decorrelated points that were averaged
  double loss_mean = 0, loss_deviation = 0;
};

/// Time averages of Langevin dynamics on the unit sphere of R^d:
///
///   d theta = (-(d-1)/2 theta + eps b(theta)) dt + P_theta dW,   b = -P_theta grad L,
///
/// invariant law proportional to exp(-2 eps L). Discretised as theta <- normalise(theta + eps b dt
/// + sqrt(dt) P_theta xi), dt = c/d. Each chain starts uniformly and forgets that for a time 10/d.
///
/// Cost: chains horizon d / (c chains) evaluations of the loss, and as many times d normal numbers.
/// @throws InvalidArgument  options out of range
/// Source: [Wei2026], arXiv:2603.06028; the Rao-Blackwell variant and the error bar are of this
/// project.
LangevinAverage average_langevin(const SphereLoss& loss, const LangevinOptions& options, Key key);

/// A loss that hides a direction: near the equator L ~ -s alpha^k, with noise from n samples of
/// variance one.
struct HiddenSignal {
  int order = 1;         ///< k
  double dimension = 0;  ///< d
  double strength = 1;   ///< s: c_k for labels of variance one, 1 for spiked tensors
  double samples = 0;    ///< n
};

/// The inverse temperature above which the invariant law of L = -s alpha^k on S^{d-1} has its
/// maximum away from the equator, so that the last iterate too finds w*: d min_a(-log(1 - a^2) /
/// (4 a^k)) / s. 0.489 d/s at k = 3, 0.614 at 4, 0.703 at 5; 0 for k = 1.
double locking_temperature(const HiddenSignal& signal);

/// min(sqrt(n)/2, 0.6 locking_temperature): the fluctuations of 2 eps L over the sphere stay below
/// one and w* does not capture the chain. 0.3 d/s in place of the second for k = 1.
double default_inverse_temperature(const HiddenSignal& signal);

/// What the data's own noise leaves of a partial trace, and of an average in the limit, is
/// overlap^2 = 1 / (1 + limit_noise), about: d V_k / (n s^2) for odd k, 2 d v_k / (n s^2) for even,
/// V_k = 2^m m! / k! prod_{j=1..m} (d + 2j), v_k the same from j = 2 to m + 1, m = (k - 1)/2 or
/// (k - 2)/2.
double limit_noise(const HiddenSignal& signal);

/// The time after which the Brownian noise of the average squared is a tenth of its limit squared,
/// noise of the data included: 10 d^k / (eps^2 k!!^2 s^2) for odd k, 20 d^k / (eps^2 k^2 (k-1)!!^2
/// s^2) for even, over 1 + limit_noise.
double default_horizon(const HiddenSignal& signal, double inverse_temperature);

struct LangevinEstimatorOptions {
  bool rao_blackwell = false;
  double step = 0.2;             ///< c: the direction does not feel it
  double angle_tolerance = 0.2;  ///< radians: costs 4 % of overlap^2
  double most_flops = 1e11;      ///< for each estimate; the average ends there if need be
};

/// `langevin-average`: the average of Langevin dynamics on the correlation loss with student h_k of
/// the centred response over its deviation, at default_inverse_temperature, for default_horizon.
/// First-order readout for odd k, second-order for
/// even; where the sign of the coefficient at an even order is not known both are tried, and the
/// stronger average is taken.
///
/// n of order d^{ceil(k/2)}, k the order at which E[y h_k(z)] is not zero. Begins again at every
/// size. @throws InvalidArgument  by estimate(): more than one direction, an order outside 1..12
std::unique_ptr<estimation::Estimator> langevin_average(
    const LangevinEstimatorOptions& options = {});

}  // namespace thalweg::index
