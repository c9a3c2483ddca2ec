#include "thalweg/index/sample_complexity.hpp"

#include <algorithm>
#include <cmath>

#include "thalweg/base/error.hpp"
#include "thalweg/index/slice_strengths.hpp"

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
// even k, V_k = 2^m m! / k! d^m with m = (k - 1) / 2 and v_k the same with m = (k - 2) / 2.
SampleComplexity trace_law(int k, double correlation) {
  const int m = (k - 1) / 2;
  const double trace = std::exp2(m) * std::tgamma(m + 1) / std::tgamma(k + 1);
  return k % 2 == 0 ? law(k / 2, 2 * trace, correlation) : law((k + 1) / 2, trace, correlation);
}

// Power steps gain only where the trace alone needs more than d^{k/2}: 0.4 is what they needed at
// order 3.
SampleComplexity partial_trace_law(const ProblemFacts& facts) {
  const int k = facts.order;
  if (k % 2 == 0 || k == 1 || !facts.refine) return trace_law(k, facts.correlation);
  return law(optimal_exponent(k), 0.4, facts.correlation);
}

}  // namespace

ProblemFacts problem_facts(const LinkExponents& found, const estimation::Noise& noise, int order) {
  const double added = noise.kind == estimation::Noise::Kind::kGaussian ? noise.level : 0;
  const double variance = found.deviation * found.deviation + added * added;
  const auto coefficient2 = [&](std::size_t k) {
    if (!found.coefficients || found.coefficients->is_zero(k, found.deviation)) return 0.0;
    return found.coefficients->values[k] * found.coefficients->values[k] / variance;
  };
  const auto lambda2 = [&](std::size_t k) {
    return found.lambdas.is_zero(k) ? 0.0 : found.lambdas.values[k] * found.lambdas.values[k];
  };
  const auto k = static_cast<std::size_t>(order);
  return {.order = order,
          .correlation = coefficient2(k),
          .agnostic = lambda2(k),
          .first = lambda2(1),
          .second = lambda2(2),
          .linear = coefficient2(1),
          .quadratic = coefficient2(2)};
}

ProblemFacts problem_facts(const Leaps& leaps, const estimation::LinkFunction& link) {
  constexpr std::int64_t kPoints = 500'000;  // strengths to a few percent
  ProblemFacts facts{.order = std::max(1, leaps.exponent)};
  if (leaps.steps.empty()) {
    facts.agnostic = 0;
    return facts;
  }
  for (const auto& leap : leaps.steps)
    facts.agnostic = std::min(facts.agnostic, leap.strengths.back() / leap.directions);
  const auto seen = slice_strengths(link, kPoints);
  facts.first = seen.means;
  facts.second = seen.spreads;
  facts.quadratic = seen.hessian * seen.hessian;
  return facts;
}

SampleComplexity sample_complexity(const std::string& method, const ProblemFacts& facts) {
  const int k = facts.order;
  const double signal = facts.correlation;
  if (method == "ols") return law(1, 1, facts.linear);
  if (method == "phd") return law(1, 4, facts.quadratic);
  if (method == "sir") return law(1, 1, facts.first);
  if (method == "save") return law(1, 6, facts.second > 0 ? facts.second : facts.first);
  if (method == "partial-trace") return partial_trace_law(facts);
  if (method == "u-statistic") return law(optimal_exponent(k), k <= 2 ? 3 : 0.4, facts.agnostic);
  // At a fixed learning rate the time to w* goes like 1 / c_k; runs on h_3, T3 and h_4 took 11, 11
  // and 20 over c_k.
  const double steps = 1.3 * std::exp2(k);
  if (method == "online-sgd" || method == "online-sgd-chain")
    return law(std::max(1, k - 1), steps * std::sqrt(signal), signal);
  if (method == "smoothed-sgd" || method == "smoothed-sgd-chain")
    return law(optimal_exponent(k), steps * std::sqrt(signal), signal);
  // Their limit in time is the partial trace.
  if (method == "langevin-average" || method == "sgd-average") return trace_law(k, signal);
  throw InvalidArgument("index::sample_complexity", "knows no method '" + method + "'.");
}

}  // namespace thalweg::index
