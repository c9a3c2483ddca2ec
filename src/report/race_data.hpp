#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/run_data.hpp"

namespace thalweg::report {

/// One method of a race, from `results.methods.NAME`. NaN where a number is null.
struct RaceMethod {
  std::string name;
  std::vector<std::vector<double>> overlap2_mean, overlap2_se;  ///< (dimensions, samples)
  std::vector<double> samples_to_half, samples_to_half_log_se;  ///< (dimensions)
  std::optional<double> exponent, exponent_se, log_prefactor, curvature;
  std::optional<double> theory;

  /// The largest mean overlap^2 in a dimension, NaN where nothing was run.
  double best_overlap2(std::size_t dimension) const;
  bool reached_half() const;  ///< in any dimension
  bool was_run() const;       ///< in every dimension
};

/// The results of a command that races methods over dimensions and sample sizes.
struct RaceData {
  std::vector<double> dimensions = {};
  std::vector<std::vector<double>> samples = {};  ///< (dimensions, sizes)
  std::vector<RaceMethod> methods = {};           ///< in order of name
};

/// What is there of them; tables of a wrong shape count as absent.
RaceData race_data(const RunData& run);

}  // namespace thalweg::report
