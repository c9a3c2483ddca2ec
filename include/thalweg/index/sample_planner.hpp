#pragma once

#include <map>
#include <optional>
#include <string>

#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/generative_exponent.hpp"
#include "thalweg/index/sample_complexity.hpp"

namespace thalweg::index {

/// Rows that a method needs.
struct SamplesNeeded {
  std::optional<double> samples;  ///< nothing where no number is enough
  bool exact_law = false;  ///< a law with its constant at large d; else an order of magnitude
};

/// Rows of dimension d that every method needs for squared overlap `overlap` with the direction of
/// a single-index model, by name.
///
/// Exact for bounded labels: ols and the partial trace of odd order k, whose mean squared overlap
/// is 1 / (1 + d V_k / (n c^2)), and of even order from 4 on, 1 - d v_k / (n c^2); c = c_1 / sd(y)
/// for ols, lambda_k with the best transform for the trace, alone where it is refined. The others
/// scale their number for squared overlap 1/2 (sample_complexity.hpp). Methods that do not
/// transform labels look at the information exponent.
/// @param found  up to order 2 at least; @param d  2 or more   @param overlap  in (0, 1)
std::map<std::string, SamplesNeeded> samples_needed(const LinkExponents& found,
                                                    const estimation::Noise& noise,
                                                    double d,
                                                    double overlap);

/// The same for a link in several variables and the methods that look for several directions
/// (kMultiIndexNames): orders of magnitude, for the mean over the directions.
std::map<std::string, SamplesNeeded> samples_needed(const ProblemFacts& facts,
                                                    double d,
                                                    double overlap);

}  // namespace thalweg::index
