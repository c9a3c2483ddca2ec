#pragma once

#include <cmath>
#include <cstdint>

#include "thalweg/base/random.hpp"

namespace thalweg::index::kernels {

/// Chi-square variates by [Marsaglia2000]: with g normal, s = degrees/2
/// - 1/3 and v = (1 + g / sqrt(9 s))^3, the value 2 s v is kept with probability
/// min(1, exp(g^2/2 + s (1 - v + log v))): 95 % for 2 degrees, more for more.
struct ChiSquare {
  /// @param degrees  at least 2
  explicit ChiSquare(double degrees) : s(0.5 * degrees - 1.0 / 3), c(1 / std::sqrt(9 * s)) {}
  double s, c;

  bool accepts(double g, double uniform_draw) const {
    const double root = 1 + c * g;
    if (root <= 0) return false;
    const double v = root * root * root;
    return std::log(uniform_draw) < 0.5 * g * g + s * (1 - v + std::log(v));
  }

  /// The first attempt from what is given, others from the stream `again`.
  double draw(double g, double uniform_draw, Key again) const {
    for (std::uint64_t attempt = 0; !accepts(g, uniform_draw); ++attempt) {
      g = normal(again.with("normals"), attempt);
      uniform_draw = uniform(again.with("accept"), attempt);
    }
    const double root = 1 + c * g;
    return 2 * s * root * root * root;
  }
};

}  // namespace thalweg::index::kernels
