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

// Exact for the trace of bounded labels at large d: n = d V_k / c^2 for odd k and 2 d v_k / c^2 for
// even k, V_k = 2^m m! / k! d^m with m = (k - 1) / 2 and v_k the same with m = (k - 2) / 2. Power
// steps gain only where the trace alone needs more than d^{k/2}: 0.4 is what they needed at
// order 3.
SampleComplexity partial_trace_law(const ProblemFacts& facts) {
  const int k = facts.order, m = (k - 1) / 2;
  const double trace = std::exp2(m) * std::tgamma(m + 1) / std::tgamma(k + 1);
  if (k % 2 == 0) return law(k / 2, 2 * trace, facts.signal);
  if (k == 1 || !facts.refine) return law((k + 1) / 2, trace, facts.signal);
  return law(optimal_exponent(k), 0.4, facts.signal);
}

}  // namespace

SampleComplexity sample_complexity(const std::string& method, const ProblemFacts& facts) {
  const int k = facts.order;
  const double signal = facts.signal;
  if (method == "ols") return law(1, 1, facts.linear);
  if (method == "phd") return law(1, 2, facts.quadratic);
  if (method == "sir") return law(1, 1, k == 1 ? signal : 0);
  if (method == "save") return law(1, 10, k <= 2 ? signal : 0);
  if (method == "partial-trace") return partial_trace_law(facts);
  if (method == "u-statistic") return law(optimal_exponent(k), k <= 2 ? 1 : 0.4, signal);
  if (method == "online-sgd" || method == "online-sgd-chain")
    return law(std::max(1, k - 1), 6, signal);
  if (method == "smoothed-sgd" || method == "smoothed-sgd-chain")
    return law(optimal_exponent(k), 5, signal);
  if (method == "langevin-average" || method == "sgd-average")
    return law(std::max(1, (k + 1) / 2), 0.3, signal);
  throw InvalidArgument("index::sample_complexity", "knows no method '" + method + "'.");
}

}  // namespace thalweg::index
