#pragma once

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

  /// D. @param b  positive
  double derivative(double a, double b) const;

  double radius() const { return radius_; }

  // What a kernel needs to compute D: nodes and weights of xi, and psi' = sum_j slopes[j] h_j.
  const std::vector<double>& nodes() const { return nodes_; }
  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& slopes() const { return slopes_; }

 private:
  double radius_;
  std::vector<double> nodes_, weights_, slopes_;
};

/// The series of the student h_k.
std::vector<double> hermite_student(int k);

/// s_k(alpha) = S_lambda[(w.w*)^k] at overlap alpha, and its derivative in alpha: the population
/// loss of student and link h_k is 1 - s_k. @param dimension  at least 3
double smoothed_power(int k, double alpha, double radius, double dimension);
double smoothed_power_slope(int k, double alpha, double radius, double dimension);

}  // namespace thalweg::index
