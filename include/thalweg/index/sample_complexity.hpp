#pragma once

#include <optional>
#include <string>

namespace thalweg::index {

/// What decides how many samples a method needs.
struct ProblemFacts {
  int directions = 1;
  int order = 1;         ///< k, the Hermite order at which methods look
  double signal = 1;     ///< the coefficient of that order squared, for labels of variance one
  double linear = 0;     ///< c_1^2 of the label as it comes, over its variance
  double quadratic = 0;  ///< c_2^2, the same
  bool refine = true;    ///< whether partial-trace takes power steps behind the trace
};

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
