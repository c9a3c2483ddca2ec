#include "thalweg/index/smoothing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/hermite/quadrature.hpp"
#include "thalweg/hermite/sphere.hpp"

namespace thalweg::index {
namespace {

void check(std::span<const double> series, int dimension, double radius) {
  const char* where = "index::SmoothedStudent";
  if (series.size() < 2 || series.size() > kHighestStudentDegree + 1) {
    throw InvalidArgument(where,
                          fmt::format("the student's degree must be 1 to {}; got {}.",
                                      kHighestStudentDegree,
                                      static_cast<int>(series.size()) - 1));
  }
  if (dimension < 4) {
    throw InvalidArgument(where, fmt::format("needs dimension 4 or more; got {}.", dimension));
  }
  if (!(radius >= 0) || !std::isfinite(radius)) {
    throw InvalidArgument(where,
                          fmt::format("the smoothing radius must be at least 0; got {}.", radius));
  }
}

// E[D(a, b)^2 b^2], a normal and b^2 chi-square with d - 1 degrees of freedom. The density of b is
// so smooth that equal steps are as good as a Gauss rule.
double gradient_second_moment(const SmoothedStudent& student, int dimension) {
  constexpr double kStep = 0.1;
  const double degrees = dimension - 1, middle = std::sqrt(degrees);
  const auto rule = hermite::gauss_hermite(24);
  double sum = 0, total = 0;
  for (double b = std::max(kStep, middle - 8); b < middle + 8; b += kStep) {
    const double density =
        std::exp((degrees - 1) * std::log(b / middle) - 0.5 * (b * b - middle * middle));
    total += density;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      const double length = student.derivative(rule.nodes[i], b) * b;
      sum += density * rule.weights[i] * length * length;
    }
  }
  return sum / total;
}

// In units that depend on k only; infinite where the landscape slopes away from w* on the way.
double samples_at_best_steps(int k, int dimension, double radius) {
  constexpr int kPoints = 200;
  const double from = std::log(1 / std::sqrt(dimension)), to = std::log(0.7);
  double sum = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double alpha = std::exp(from + (to - from) * (i + 0.5) / kPoints);
    const double slope = hermite::smoothed_power_slope(k, alpha, radius, dimension);
    if (slope <= 0) return std::numeric_limits<double>::infinity();
    sum += alpha * alpha / (slope * slope);
  }
  return sum * gradient_second_moment({hermite_student(k), dimension, radius}, dimension);
}

}  // namespace

SmoothedStudent::SmoothedStudent(std::span<const double> series, int dimension, double radius)
    : radius_(radius), series_(series.begin(), series.end()) {
  check(series, dimension, radius);
  for (std::size_t j = 0; j < series.size(); ++j) {
    const double order = static_cast<double>(j);
    if (j > 0) slopes_.push_back(series[j] * std::sqrt(order));
    rising_.push_back(1 / std::sqrt(order + 1));
    falling_.push_back(std::sqrt((order + 1) / (order + 2)));
  }
  // The integrand has the student's degree in xi, and m nodes are exact up to degree 2m - 1.
  const auto rule = hermite::gauss_sphere((static_cast<int>(series.size()) + 1) / 2, dimension);
  nodes_ = rule.nodes;
  weights_ = rule.weights;
}

double SmoothedStudent::value(double a) const { return sum_of(series_, a); }

double SmoothedStudent::derivative(double a, double b) const {
  if (radius_ == 0) return sum_of(slopes_, a);
  const double shrink = 1 / std::sqrt(1 + radius_ * radius_);
  double sum = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const double across = radius_ * nodes_[i];
    sum += weights_[i] * sum_of(slopes_, shrink * (a + across * b)) * (1 - across * a / b);
  }
  return shrink * sum;
}

// Clenshaw's recurrence, as hermite::hermite_series, with its square roots taken once.
double SmoothedStudent::sum_of(const std::vector<double>& coefficients, double x) const {
  double b1 = 0, b2 = 0;
  for (std::size_t j = coefficients.size(); j-- > 0;) {
    const double b = coefficients[j] + x * rising_[j] * b1 - falling_[j] * b2;
    b2 = b1;
    b1 = b;
  }
  return b1;
}

std::vector<double> hermite_student(int k) {
  std::vector<double> series(static_cast<std::size_t>(k) + 1, 0.0);
  series.back() = 1;
  return series;
}

double default_radius(int k, double dimension) { return k <= 2 ? 0 : std::pow(dimension, 0.25); }

double best_radius(int k, int dimension) {
  if (k <= 2) return 0;
  double fewest = std::numeric_limits<double>::infinity(), best = 1;
  for (int i = 0; i <= 70; ++i) {
    const double radius = std::pow(dimension, 0.005 * i);
    const double samples = samples_at_best_steps(k, dimension, radius);
    if (samples < fewest) {
      fewest = samples;
      best = radius;
    }
  }
  return best;
}

std::int64_t default_batch(int k, double dimension, double radius) {
  const double size = 0.1 * std::pow(dimension, 0.5 * k) * std::pow(1 + radius * radius, 4 - 2 * k);
  return static_cast<std::int64_t>(std::clamp(size, 1.0, 8192.0));
}

double default_learning_rate(int k, double dimension, double radius, double batch, double scale) {
  return scale * batch * std::pow(dimension, -std::max(1.0, 0.5 * k)) *
         std::pow(1 + radius * radius, k - 1) / std::tgamma(k + 1);
}

}  // namespace thalweg::index
