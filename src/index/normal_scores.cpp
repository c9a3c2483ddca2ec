#include "index/normal_scores.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

namespace thalweg::index {

double normal_quantile(double p) {
  if (p > 0.5) return -normal_quantile(1 - p);
  // Abramowitz and Stegun 26.2.23, within 4.5e-4; then Newton on log P, which is concave.
  const double t = std::sqrt(-2 * std::log(p));
  double x = -t + (2.515517 + t * (0.802853 + t * 0.010328)) /
                      (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int newton = 0; newton < 3; ++newton) {
    const double tail = 0.5 * std::erfc(-x / std::numbers::sqrt2);
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
    x -= std::log(tail / p) * tail / density;
  }
  return x;
}

Vector normal_scores(std::span<const double> y) {
  const std::size_t n = y.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return y[a] < y[b]; });
  Vector scores(static_cast<Eigen::Index>(n));
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    while (last < n && y[order[last]] == y[order[first]]) ++last;
    // Ranks first + 1 ... last: their mean less 1/2.
    const double share = 0.5 * static_cast<double>(first + last) / static_cast<double>(n);
    const double score = normal_quantile(share);
    for (; first < last; ++first) scores[static_cast<Eigen::Index>(order[first])] = score;
  }
  return scores;
}

}  // namespace thalweg::index
