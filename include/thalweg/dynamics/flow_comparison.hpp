#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/central_flow.hpp"
#include "thalweg/dynamics/discrete_run.hpp"
#include "thalweg/dynamics/stable_flow.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::dynamics {

struct FlowComparisonOptions {
  bool discrete = true;
  bool midpoint = true;  ///< needs discrete
  bool central = true;
  bool stable = true;
  std::int64_t steps = 160;     ///< >= 0
  std::int64_t warm_start = 0;  ///< discrete steps before the flows start, 0 <= . <= steps
  std::int64_t spectrum_every =
      1;  ///< steps between eigenvalues of discrete and midpoint; -1: never
  CentralFlowOptions central_flow = {};
  StableFlowOptions stable_flow = {};
  spectrum::TrackerOptions tracker = {};
  /// Outputs of a few chosen examples at given weights; empty: none are recorded.
  std::function<at::Tensor(const at::Tensor&)> chosen_outputs = {};
  /// Fraction of examples classified right from all outputs; empty: not recorded.
  std::function<double(const at::Tensor&)> accuracy = {};
};

/// The optimizer, its midpoints, the central flow and the stable flow side by side from one point,
/// recorded as series PROCESS/NAME (row t = before step t).
class FlowComparison {
 public:
  /// References are kept. @throws InvalidArgument  midpoint without discrete, counts out of range
  FlowComparison(objective::Objective& objective,
                 const UpdateRule& rule,
                 const at::Tensor& weights,
                 FlowComparisonOptions options,
                 run::Recorder& recorder);

  /// Records row `next_row()` and moves on; the row `steps` is the last, where nothing moves.
  void step();
  std::int64_t next_row() const { return row_; }
  bool finished() const { return diverged_ || row_ > options_.steps; }
  /// The discrete run's loss is not finite, or a million times the first.
  bool diverged() const { return diverged_; }

  /// Why the central flow had to stop, as a sentence; empty while all is well.
  const std::string& central_failure() const { return central_failure_; }
  const CentralFlow* central() const { return central_.get(); }

  /// All state before row next_row(), for checkpoints.
  NamedArrays state() const;
  void set_state(const NamedArrays& state);

 private:
  void start_flows();
  void record_point(const std::string& process, const PointState& state);
  void record_discrete(bool move);
  void record_midpoint();
  void record_central(bool move);
  void record_stable(bool move);
  void record_outputs(const std::string& process, const at::Tensor& weights);
  void record_distances();
  void record_deltas();
  bool spectrum_due() const;

  objective::Objective& objective_;
  const UpdateRule& rule_;
  at::Tensor initial_weights_;
  FlowComparisonOptions options_;
  run::Recorder& recorder_;

  std::int64_t row_ = 0;
  bool diverged_ = false;
  double first_loss_ = 0;
  std::string central_failure_;
  std::unique_ptr<DiscreteRun> discrete_;
  std::unique_ptr<CentralFlow> central_;
  std::unique_ptr<StableFlow> stable_;

  // Where the processes are at the row being recorded; undefined where they are not.
  at::Tensor at_discrete_, at_midpoint_, at_central_, at_stable_;
  at::Tensor directions_;  // v_i of the central flow at this row [P, rank]
};

}  // namespace thalweg::dynamics
