#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace thalweg::index {

// The smoothed landscape of a correlation loss. S_lambda f(w) is the mean of f over the points
// (w + lambda z) / sqrt(1 + lambda^2), z uniform on the unit sphere orthogonal to w. Source:
// [Damian2023b], arXiv:2305.10633.

constexpr int kHighestStudentDegree = 20;

/// A student psi = sum_j series[j] h_j as it enters the gradient of the smoothed loss -y psi(w.x).
///
/// With a = w.x, x_perp = x - a w and b = |x_perp|, the gradient on the sphere of
/// S_lambda[psi(w.x)] is D(a, b) x_perp,
///
///   D = E_xi[psi'((a + lambda b xi) / s) (1 - lambda xi a / b)] / s,   s = sqrt(1 + lambda^2),
///
/// xi the first coordinate of a uniform point on S^{d-2}: a finite sum over Gauss nodes, exact for
/// polynomials.
class SmoothedStudent {
 public:
  /// @param series  coefficients of h_0, h_1, ... (degree 1 to kHighestStudentDegree)
  /// @param dimension  d, at least 4   @param radius  lambda >= 0; 0 is no smoothing
  /// @throws InvalidArgument  otherwise
  SmoothedStudent(std::span<const double> series, int dimension, double radius);

  /// psi(a), not smoothed.
  double value(double a) const;

  /// D. @param b  positive
  double derivative(double a, double b) const;

  double radius() const { return radius_; }
  void set_radius(double radius) { radius_ = radius; }

  // What a kernel needs to compute D: nodes and weights of xi, and psi' = sum_j slopes[j] h_j.
  const std::vector<double>& nodes() const { return nodes_; }
  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& slopes() const { return slopes_; }

 private:
  double sum_of(const std::vector<double>& coefficients, double x) const;

  double radius_;
  std::vector<double> nodes_, weights_, series_, slopes_;
  std::vector<double> rising_, falling_;  // factors of Clenshaw's recurrence
};

/// The series of the student h_k.
std::vector<double> hermite_student(int k);

/// d^{1/4} for k >= 3: the radius at which the noise stops falling; 0 below, where smoothing gains
/// nothing.
double default_radius(int k, double dimension);

/// The radius from 1 to d^{0.35} at which the way from overlap d^{-1/2} to 0.7 takes the fewest
/// samples with the best step at every overlap: the integral of alpha E|G|^2 / s_k'(alpha)^2, s_k of
/// hermite::smoothed_power. G = D x_perp is the gradient of one sample with a response of variance one. Between d^{0.2} and
/// d^{0.32} for k >= 3 and d from 1e2 to 1e6; 0 for k <= 2. Cost: about 20 ms.
///
/// (Not the largest s_k'(d^{-1/2})^2 / E|G|^2: that ratio levels off beyond d^{1/4}, where all
/// harmonics but the lowest are filtered out, and what it costs shows at larger overlaps.)
double best_radius(int k, int dimension);

/// Samples a step, B = 0.1 d^{k/2} (1 + lambda^2)^{4 - 2k}, from 1 to 8192.
std::int64_t default_batch(int k, double dimension, double radius);

/// eta = scale B d^{-max(1, k/2)} (1 + lambda^2)^{k-1} / k!, for the mean gradient of B samples and
/// a student h_k. `scale` between 0.1 and 0.9 worked at every k from 2 to 4; the theory leaves it
/// and powers of log d open.
double default_learning_rate(
    int k, double dimension, double radius, double batch, double scale = 0.2);

}  // namespace thalweg::index
