#include "index/threshold_link.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <Eigen/Dense>

#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {
namespace {

double phi(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

double sign_changes(double z, std::span<const double> ends) {
  const auto below = std::ranges::count_if(ends, [&](double end) { return end < std::abs(z); });
  return below % 2 == 0 ? 1 : -1;
}

}  // namespace

std::vector<double> threshold_ends(int exponent,
                                   std::span<const double> fixed,
                                   std::span<const double> start) {
  std::vector<double> ends(fixed.begin(), fixed.end());
  ends.insert(ends.end(), start.begin(), start.end());
  const bool odd = exponent % 2 == 1;
  const auto unknowns = static_cast<Eigen::Index>(start.size());

  constexpr int kSteps = 50;
  for (int step = 0; step < kSteps; ++step) {
    Vector residual(unknowns);
    Matrix jacobian(unknowns, unknowns);
    for (Eigen::Index row = 0; row < unknowns; ++row) {
      const int j = (odd ? 1 : 2) + 2 * static_cast<int>(row);
      residual[row] = odd ? phi(0) * hermite::hermite(j - 1, 0) / 2 : 0;
      for (std::size_t i = 0; i < ends.size(); ++i) {
        const double change = i % 2 == 0 ? -1 : 1;
        residual[row] += change * phi(ends[i]) * hermite::hermite(j - 1, ends[i]);
        if (i >= fixed.size()) {
          jacobian(row, static_cast<Eigen::Index>(i - fixed.size())) =
              -change * std::sqrt(j) * phi(ends[i]) * hermite::hermite(j, ends[i]);
        }
      }
    }
    const Vector move = jacobian.partialPivLu().solve(residual);
    for (Eigen::Index i = 0; i < unknowns; ++i) {
      ends[fixed.size() + static_cast<std::size_t>(i)] -= move[i];
    }
    if (!(move.lpNorm<Eigen::Infinity>() > 1e-15)) break;
  }
  if (!std::ranges::is_sorted(ends) || !(ends.front() > 0)) {
    throw InternalError("index::threshold_ends",
                        "no end points found for exponent " + std::to_string(exponent) + ".");
  }
  return ends;
}

double odd_threshold_value(double z, std::span<const double> ends) {
  return std::copysign(1.0, z) * sign_changes(z, ends);
}

double even_threshold_value(double z, std::span<const double> ends) {
  return -sign_changes(z, ends);
}

}  // namespace thalweg::index
