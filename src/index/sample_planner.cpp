#include "thalweg/index/sample_planner.hpp"

#include <cmath>

#include "thalweg/index/estimator_names.hpp"
#include "thalweg/index/langevin_average.hpp"

namespace thalweg::index {
namespace {

/// overlap^2 = 1 / (1 + noise / n).
double for_vectors(double noise, double overlap) { return noise * overlap / (1 - overlap); }

/// overlap^2 = 1 - noise / n.
double for_matrices(double noise, double overlap) { return noise / (1 - overlap); }

SamplesNeeded partial_trace(int k, double lambda2, double d, double overlap) {
  const double noise =
      limit_noise({.order = k, .dimension = d, .strength = std::sqrt(lambda2), .samples = 1});
  if (k % 2 == 1) return {.samples = for_vectors(noise, overlap), .exact_law = true};
  // limit_noise has twice what 1 - overlap^2 = d v_k / n is at once: the same at overlap^2 = 1/2.
  return {.samples = for_matrices(0.5 * noise, overlap), .exact_law = k >= 4};
}

SamplesNeeded by_law(const SampleComplexity& law, double d, double overlap) {
  if (!law.exponent) return {};
  return {.samples = for_vectors(law.prefactor * std::pow(d, *law.exponent), overlap)};
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
    answer = by_law(sample_complexity(method, facts), d, overlap);
    answer.exact_law = answer.samples && method == "ols";
  }
  return needed;
}

std::map<std::string, SamplesNeeded> samples_needed(const ProblemFacts& facts,
                                                    double d,
                                                    double overlap) {
  std::map<std::string, SamplesNeeded> needed;
  for (const std::string_view name : kMultiIndexNames) {
    const std::string method(name);
    needed[method] = by_law(sample_complexity(method, facts), d, overlap);
  }
  return needed;
}

}  // namespace thalweg::index
