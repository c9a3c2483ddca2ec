#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "index/kernels/row.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// A unit vector w that moves along rows: w <- (w + g (x - (w.x) w)) / |.|.
///
/// Kept up to a factor that is taken in at the next move: a step reads w twice and writes it once.
class SphereWalker {
 public:
  /// @param start  (d), not zero
  explicit SphereWalker(const Vector& start) : w_(start), scale_(1 / start.norm()) {}

  /// What a row looks like from w.
  struct Sight {
    double a = 0;  ///< w.x
    double b = 0;  ///< |x - a w|
  };

  template <typename T>
  Sight see(std::span<const T> x) const {
    const auto [dot, norm2] = kernels::row_products(x, entries());
    const double a = scale_ * dot;
    return {a, std::sqrt(std::max(norm2 - a * a, 0.0))};
  }

  /// Moves by g x - along w: by g x_perp with along = g (w.x).
  template <typename T>
  void move(std::span<const T> x, double g, double along) {
    const std::span<double> w(w_.data(), static_cast<std::size_t>(w_.size()));
    scale_ = 1 / std::sqrt(kernels::combine_with_row(x, scale_ * (1 - along), g, w));
  }

  /// sum <- sum + w.
  void add_to(Vector& sum) const {
    kernels::add_scaled(entries(), scale_, {sum.data(), static_cast<std::size_t>(sum.size())});
  }

  Vector unit() const { return w_ * scale_; }

 private:
  std::span<const double> entries() const {
    return {w_.data(), static_cast<std::size_t>(w_.size())};
  }

  Vector w_;
  double scale_;  // the unit vector is scale_ w_
};

/// g, or what is left of it where |g| b, the length of the step, is above `clip`.
inline double clipped(double g, double b, double clip) {
  return std::abs(g) * b <= clip ? g : std::copysign(clip / b, g);
}

/// A uniform point of the sphere S^{d-1}.
inline Vector uniform_direction(int d, Key key) {
  Vector point(d);
  fill_normal(std::span<double>(point.data(), static_cast<std::size_t>(d)), key);
  return point.normalized();
}

}  // namespace thalweg::index
