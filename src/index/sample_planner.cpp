#include "thalweg/index/sample_planner.hpp"

#include <cmath>

#include "thalweg/index/estimator_names.hpp"
#include "thalweg/index/sample_complexity.hpp"

namespace thalweg::index {
namespace {

/// 2^m m! / k! prod_{j = from}^{from + m - 1} (d + 2 j): the variance of a contraction.
double contraction_variance(int k, int m, int from, double d) {
  double value = std::exp2(m) * std::tgamma(m + 1) / std::tgamma(k + 1);
  for (int j = from; j < from + m; ++j) value *= d + 2 * j;
  return value;
}

/// overlap^2 = 1 / (1 + noise / n).
double for_vectors(double noise, double overlap) { return noise * overlap / (1 - overlap); }

/// overlap^2 = 1 - noise / n.
double for_matrices(double noise, double overlap) { return noise / (1 - overlap); }

SamplesNeeded partial_trace(int k, double lambda2, double d, double overlap) {
  if (k % 2 == 1) {
    const double noise = d * contraction_variance(k, (k - 1) / 2, 1, d) / lambda2;
    return {.samples = for_vectors(noise, overlap), .exact_law = true};
  }
  const double noise = d * contraction_variance(k, (k - 2) / 2, 2, d) / lambda2;
  return {.samples = for_matrices(noise, overlap), .exact_law = k >= 4};
}

bool transforms_labels(std::string_view method) {
  return method == "sir" || method == "save" || method == "partial-trace" ||
         method == "u-statistic";
}

}  // namespace

std::map<std::string, SamplesNeeded> samples_needed(const LinkExponents& found,
                                                    const estimation::Noise& noise,
                                                    double d,
                                                    double overlap) {
  std::map<std::string, SamplesNeeded> needed;
  for (const std::string_view name : kEstimatorNames) {
    const std::string method(name);
    const auto order =
        transforms_labels(method) ? found.generative_exponent : found.information_exponent;
    SamplesNeeded& answer = needed[method];
    if (!order) continue;
    const auto facts = problem_facts(found, noise, *order);
    if (method == "partial-trace") {
      answer = partial_trace(*order, facts.agnostic, d, overlap);
      continue;
    }
    const auto law = sample_complexity(method, facts);
    if (!law.exponent) continue;
    const double half = law.prefactor * std::pow(d, *law.exponent);
    answer = {.samples = for_vectors(half, overlap), .exact_law = method == "ols"};
  }
  return needed;
}

}  // namespace thalweg::index
