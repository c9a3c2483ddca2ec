#include "thalweg/hermite/sphere.hpp"

#include <cmath>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::hermite {
namespace {

void check(const char* where, int order, double d) {
  if (order < 0)
    throw InvalidArgument(where, fmt::format("the order must not be negative; got {}.", order));
  if (!(d >= 3))
    throw InvalidArgument(where, fmt::format("the dimension must be at least 3; got {}.", d));
}

// sum_j C(k, 2j) lambda^{2j} nu_j (1 + lambda^2)^{-k/2} term(j), the factor before term(j) carried
// from j to j + 1.
template <typename Term>
double smoothed_sum(int k, double lambda, double d, Term term) {
  double factor = std::pow(1 + lambda * lambda, -0.5 * k), sum = 0;
  for (int j = 0; 2 * j <= k; ++j) {
    sum += factor * term(j);
    const double choices = (k - 2.0 * j) * (k - 2.0 * j - 1) / ((2.0 * j + 1) * (2.0 * j + 2));
    factor *= choices * lambda * lambda * (2 * j + 1) / (d - 1 + 2 * j);
  }
  return sum;
}

}  // namespace

double sphere_moment(int j, double d) {
  check("hermite::sphere_moment", j, d);
  double moment = 1;
  for (int i = 0; i < j; ++i) moment *= (2 * i + 1) / (d - 1 + 2 * i);
  return moment;
}

double zonal_polynomial(int l, double d, double t) {
  check("hermite::zonal_polynomial", l, d);
  double previous = 0, value = 1;
  for (int j = 0; j < l; ++j) {
    const double next = ((2 * j + d - 2) * t * value - j * previous) / (j + d - 2);
    previous = value;
    value = next;
  }
  return value;
}

double smoothed_power(int k, double alpha, double lambda, double d) {
  check("hermite::smoothed_power", k, d);
  return smoothed_sum(k, lambda, d, [&](int j) {
    return std::pow(alpha, k - 2 * j) * std::pow(1 - alpha * alpha, j);
  });
}

double smoothed_power_slope(int k, double alpha, double lambda, double d) {
  check("hermite::smoothed_power_slope", k, d);
  return smoothed_sum(k, lambda, d, [&](int j) {
    const int i = k - 2 * j;
    const double beta2 = 1 - alpha * alpha;
    const double first = i == 0 ? 0 : i * std::pow(alpha, i - 1) * std::pow(beta2, j);
    const double second = j == 0 ? 0 : 2 * j * std::pow(alpha, i + 1) * std::pow(beta2, j - 1);
    return first - second;
  });
}

}  // namespace thalweg::hermite
