#pragma once

#include <optional>
#include <string>

#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/generative_exponent.hpp"
#include "thalweg/index/leap.hpp"

namespace thalweg::index {

/// What decides how many samples a method needs.
struct ProblemFacts {
  int order = 1;  ///< k, the Hermite order at which methods look

  // Squared coefficients, for labels of variance one.
  double correlation = 1;  ///< c_k^2 of the label that methods correlate with h_k
  double agnostic = 1;     ///< lambda_k^2, the largest that a transform of the label can have
  double first = 0;        ///< lambda_1^2
  double second = 0;       ///< lambda_2^2
  double linear = 0;       ///< c_1^2 of the label as it comes
  double quadratic = 0;    ///< c_2^2, the same

  bool refine = true;  ///< whether partial-trace takes power steps behind the trace
};

/// Those of a link in one variable with noise, for labels as they come.
/// @param found  for the same noise, up to `order` and 2 at least   @param order  at least 1
ProblemFacts problem_facts(const LinkExponents& found, const estimation::Noise& noise, int order);

/// Those of a link in several variables at the highest of its leaps: the weakest leap a direction,
/// and moments of slices for the classical methods, which do not condition on what they have found.
/// Nothing shows to anyone where there are no leaps. By Monte Carlo over 500,000 points.
ProblemFacts problem_facts(const Leaps& leaps, const estimation::LinkFunction& link);

/// n = prefactor d^exponent samples for overlap^2 = 1/2.
struct SampleComplexity {
  /// What the theory says; nothing where no number of samples is enough.
  std::optional<double> exponent;
  double prefactor = 0;  ///< an order of magnitude
};

/// @param method  as --methods calls it
/// @throws InvalidArgument  a method that is not known here
/// Source: [Damian2023b], [Damian2024], [Damian2025], [Wei2026] for the exponents; prefactors from
/// the laws of the partial trace, else from runs of our own.
SampleComplexity sample_complexity(const std::string& method, const ProblemFacts& facts);

}  // namespace thalweg::index
