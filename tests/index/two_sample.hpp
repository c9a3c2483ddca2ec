#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace thalweg::testing {

/// Kolmogorov and Smirnov: largest distance between the distribution functions of two samples. It
/// is above two_sample_bound(n, m, rate) with probability at most about `rate` where the laws are
/// equal; ties make it smaller.
inline double two_sample_distance(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  double most = 0;
  for (const double x : a) {
    const auto below = [x](const std::vector<double>& v) {
      return static_cast<double>(std::upper_bound(v.begin(), v.end(), x) - v.begin());
    };
    const auto before = [x](const std::vector<double>& v) {
      return static_cast<double>(std::lower_bound(v.begin(), v.end(), x) - v.begin());
    };
    most = std::max(
        {most, std::abs(below(a) / n - below(b) / m), std::abs(before(a) / n - before(b) / m)});
  }
  return most;
}

inline double two_sample_bound(std::size_t n, std::size_t m, double rate) {
  const auto a = static_cast<double>(n), b = static_cast<double>(m);
  return std::sqrt(-0.5 * std::log(0.5 * rate) * (a + b) / (a * b));
}

}  // namespace thalweg::testing
