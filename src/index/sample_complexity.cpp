#include "thalweg/index/sample_complexity.hpp"

#include <algorithm>
#include <cmath>

#include "thalweg/base/error.hpp"

namespace thalweg::index {
namespace {

constexpr double kNoSignal = 1e-12;  // of a squared coefficient: the one rule for zero, squared

SampleComplexity law(double exponent, double prefactor, double signal) {
  if (signal <= kNoSignal) return {};
  return {.exponent = exponent, .prefactor = prefactor / signal};
}

// d^{k/2}, but never less than d.
double optimal_exponent(int k) { return std::max(1.0, k / 2.0); }

}  // namespace

SampleComplexity sample_complexity(const std::string& method, const ProblemFacts& facts) {
  const int k = facts.order;
  const double signal = facts.signal;
  if (method == "ols") return law(1, 1, facts.linear);
  if (method == "phd") return law(1, 2, facts.quadratic);
  if (method == "sir") return law(1, 1, k == 1 ? signal : 0);
  if (method == "save") return law(1, 10, k <= 2 ? signal : 0);
  if (method == "partial-trace" || method == "u-statistic")
    return law(optimal_exponent(k), k <= 2 ? 1 : 0.4, signal);
  if (method == "online-sgd" || method == "online-sgd-chain")
    return law(std::max(1, k - 1), 6, signal);
  if (method == "smoothed-sgd" || method == "smoothed-sgd-chain")
    return law(optimal_exponent(k), 5, signal);
  if (method == "langevin-average" || method == "sgd-average")
    return law(std::max(1, (k + 1) / 2), 0.3, signal);
  throw InvalidArgument("index::sample_complexity", "knows no method '" + method + "'.");
}

}  // namespace thalweg::index
