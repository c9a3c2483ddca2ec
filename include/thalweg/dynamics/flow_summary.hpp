#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "thalweg/run/recorder.hpp"

namespace thalweg::dynamics {

/// Facts about a comparison that its series do not hold.
struct FlowFacts {
  std::int64_t steps = 0;  ///< steps asked for
  std::int64_t warm_start = 0;
  double learning_rate = 0;
  double edge = 2;       ///< effective sharpness at the edge of stability
  bool monotone = true;  ///< the central flow's loss never increases: gradient descent, no schedule
  bool diverged = false;
  std::vector<std::string> failures = {};  ///< why flows stopped, a sentence each
  bool truncated = false;       ///< more directions above the tracking threshold than were allowed
  double difference_error = 0;  ///< relative error of third derivatives; 0 where none were needed
  bool difference_trustworthy = true;
  std::string kinks = {};        ///< an operator of the loss with kinks, "relu"; "" if it has none
  bool single_precision = true;  ///< derivatives are computed in float32
};

/// Smooths the squares of `midpoint_deltas` over a Gaussian window of 2% of the rows (so that +-2.5
/// widths hold 10% of the run) into `measured_variances`.
void record_measured_variances(run::Recorder& recorder);

/// What the series say: results.edge, results.processes, results.prediction, results.warnings and
/// results.suggestions, with the names that other programs rely on (docs/flow.md). Numbers that do
/// not exist are null.
nlohmann::json summarize_flow(const run::Recorder& recorder, const FlowFacts& facts);

}  // namespace thalweg::dynamics
