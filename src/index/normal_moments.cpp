#include "index/normal_moments.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/hermite/quadrature.hpp"

namespace thalweg::index {
namespace {

bool is_infinite(double x) { return std::abs(x) >= hermite::kRange; }

double probability_above(double x) {
  if (is_infinite(x)) return x > 0 ? 0 : 1;
  return std::erfc(x / std::numbers::sqrt2) / 2;
}

}  // namespace

double normal_density(double x) {
  return std::exp(-x * x / 2) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
}

double normal_probability(const hermite::Interval& interval) {
  // In the tail that is nearer, so that small probabilities keep their digits.
  return interval.from > 0 ? probability_above(interval.from) - probability_above(interval.to)
                           : probability_above(-interval.to) - probability_above(-interval.from);
}

std::vector<double> normal_moments(const hermite::Interval& interval, int max_order) {
  std::vector<double> moments(static_cast<std::size_t>(max_order) + 1);
  std::vector<double> h(moments.size());
  moments[0] = normal_probability(interval);
  for (const auto& [end, sign] : {std::pair{interval.from, 1.0}, std::pair{interval.to, -1.0}}) {
    if (is_infinite(end)) continue;
    hermite::hermite_values(end, h);
    for (std::size_t k = 1; k < moments.size(); ++k) {
      moments[k] += sign * normal_density(end) * h[k - 1] / std::sqrt(static_cast<double>(k));
    }
  }
  return moments;
}

std::vector<double> normal_square_moments(const hermite::Interval& interval, int max_order) {
  const auto count = static_cast<std::size_t>(max_order) + 1;
  const hermite::Integrand squares = [count](std::span<const double> x, std::span<double> out) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto row = out.subspan(i * count, count);
      hermite::hermite_values(x[i], row);
      for (double& value : row) value *= value * normal_density(x[i]);
    }
  };
  const std::array edges = {interval.from, interval.to};
  return hermite::integrate(squares, static_cast<int>(count), edges).values;
}

}  // namespace thalweg::index
