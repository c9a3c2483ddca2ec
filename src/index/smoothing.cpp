#include "thalweg/index/smoothing.hpp"

#include <cmath>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/hermite/quadrature.hpp"

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

// E[xi^{2j}] and C(k, 2j), the coefficients of a smoothed power, times lambda^{2j} / s^k.
template <typename Term>
double sum_over_even_parts(int k, double radius, double dimension, Term term) {
  double moment = 1, binomial = 1, sum = 0;
  for (int j = 0; 2 * j <= k; ++j) {
    sum += binomial * moment * term(k - 2 * j, j);
    moment *= radius * radius * (2 * j + 1) / (dimension - 1 + 2 * j);
    binomial *= static_cast<double>(k - 2 * j) * (k - 2 * j - 1) / ((2 * j + 1) * (2 * j + 2));
  }
  return sum * std::pow(1 + radius * radius, -0.5 * k);
}

}  // namespace

SmoothedStudent::SmoothedStudent(std::span<const double> series, int dimension, double radius)
    : radius_(radius), nodes_{0.0}, weights_{1.0} {
  check(series, dimension, radius);
  for (std::size_t j = 1; j < series.size(); ++j) {
    slopes_.push_back(series[j] * std::sqrt(static_cast<double>(j)));
  }
  if (radius > 0) {
    // The integrand has the student's degree in xi, and m nodes are exact up to degree 2m - 1.
    const auto rule = hermite::gauss_sphere((static_cast<int>(series.size()) + 1) / 2, dimension);
    nodes_ = rule.nodes;
    weights_ = rule.weights;
  }
}

double SmoothedStudent::derivative(double a, double b) const {
  const double shrink = 1 / std::sqrt(1 + radius_ * radius_);
  double sum = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const double across = radius_ * nodes_[i];
    sum += weights_[i] * hermite::hermite_series(slopes_, shrink * (a + across * b)) *
           (1 - across * a / b);
  }
  return shrink * sum;
}

std::vector<double> hermite_student(int k) {
  std::vector<double> series(static_cast<std::size_t>(k) + 1, 0.0);
  series.back() = 1;
  return series;
}

double smoothed_power(int k, double alpha, double radius, double dimension) {
  return sum_over_even_parts(k, radius, dimension, [alpha](int p, int j) {
    return std::pow(alpha, p) * std::pow(1 - alpha * alpha, j);
  });
}

double smoothed_power_slope(int k, double alpha, double radius, double dimension) {
  return sum_over_even_parts(k, radius, dimension, [alpha](int p, int j) {
    const double rest = 1 - alpha * alpha;
    const double of_power = p == 0 ? 0 : p * std::pow(alpha, p - 1) * std::pow(rest, j);
    const double of_rest = j == 0 ? 0 : -2 * j * std::pow(alpha, p + 1) * std::pow(rest, j - 1);
    return of_power + of_rest;
  });
}

}  // namespace thalweg::index
