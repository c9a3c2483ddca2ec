#pragma once

#include <cstdint>
#include <memory>

#include "thalweg/estimation/estimator.hpp"

namespace thalweg::index {

struct SmoothedSgdOptions {
  enum class Radius {
    kNone,       ///< plain online SGD
    kDefault,    ///< d^{1/4}: see default_radius
    kPower,      ///< d^radius_exponent
    kAutomatic,  ///< see best_radius
    kAnnealed    ///< d^{1/4}, shrinking as 1 / overlap once the overlap seems above 1/2
  };
  Radius radius = Radius::kDefault;
  double radius_exponent = 0.25;

  /// psi: h_k, k the target's order, or the series of the link up to order 12, where the target has
  /// one.
  enum class Student { kHermite, kLink };
  Student student = Student::kHermite;

  double rate_scale = 0.2;  ///< of default_learning_rate
  std::int64_t batch = 0;   ///< samples a step in the first stage; 0 = default_batch
  double clip = 0.5;        ///< most that one sample moves w before w is renormalised

  /// 1 streams: each row is used once, and estimates are read off on the way. More passes go over
  /// the first n rows again and again, from the start for every n.
  int passes = 1;
};

/// The radius that SGD begins with.
double first_radius(const SmoothedSgdOptions& options, int order, int dimension);

/// Online SGD on the correlation loss -y psi(w.x), smoothed over a circle around w: one direction,
/// from O(d) memory.
///
///   w <- normalise(w + eta y D(w.x, |x_perp|) x_perp),   D of SmoothedStudent,
///
/// with the radius, rate and batch of smoothing.hpp until w is found, then a second stage without
/// smoothing and with eta = 1 / (s (d + t)), s the slope of the population loss at w*. w is found
/// when the mean of y psi(w.x) over the last 4 d^{max(1, k/2)} rows exceeds 0.7 of what it is at
/// w*, where the link is known; otherwise when half of the rows have passed and that mean is six
/// standard errors above 0. y is centred and divided by its deviation, which come from the link, or
/// from the first 1000 rows.
///
/// Half of the random starts begin with an overlap of the wrong sign (odd k), and the sign of the
/// link's coefficient may not be known (even k): a second chain with the mirrored or negated
/// student runs beside until one has found w, and the one with the larger mean of y psi(w.x) is
/// read off. Equivalent to runs from w and -w.
///
/// n of order d^{max(1, k-1)} plain, d^{max(1, k/2)} smoothed, k the order at which E[y h_k(z)] is
/// not zero. Cost: two passes over a row and chain.
/// Source: [Damian2023b], arXiv:2305.10633, Algorithm 1; mirrored chains, the closed gradient and
/// all constants are of this project.
std::unique_ptr<estimation::Estimator> smoothed_sgd(const SmoothedSgdOptions& options = {});

/// The same with radius 0, by the name `online-sgd`.
std::unique_ptr<estimation::Estimator> online_sgd(double rate_scale = 0.2, int passes = 1);

}  // namespace thalweg::index
