#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/central_flow.hpp"
#include "thalweg/dynamics/discrete_run.hpp"
#include "thalweg/dynamics/rod_flow.hpp"
#include "thalweg/dynamics/stable_flow.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::dynamics {

struct TestScores {
  double loss = 0;
  double accuracy = 0;  ///< fraction classified right, where the comparison has an accuracy
};

struct FlowComparisonOptions {
  /// Of discrete, midpoint (needs discrete), central, stable, rod, stationary and ablated.
  std::vector<std::string> processes = {"discrete", "midpoint", "central", "stable"};
  std::int64_t steps = 160;     ///< >= 0
  std::int64_t warm_start = 0;  ///< discrete steps before the flows start, 0 <= . <= steps
  std::int64_t spectrum_every =
      1;                         ///< steps between eigenvalues of discrete and midpoint; -1: never
  bool raw_eigenvalues = false;  ///< of the plain Hessian too, where M is no multiple of I
  /// Steps between comparisons of the flows' M with the stationary and the least preconditioner;
  /// 0: never. Needs a diagonal M, and the Hessian in full: for a thousand weights at most.
  std::int64_t preconditioners_every = 0;
  std::int64_t coordinates = 25;      ///< of the gradient and nu that are recorded, equally spaced
  OptimizerState initial_state = {};  ///< of the optimizer, before the gradient at the start
  CentralFlowOptions central_flow = {};  ///< its kind is set by the process
  StableFlowOptions stable_flow = {};
  RodFlowOptions rod_flow = {};
  spectrum::TrackerOptions tracker = {};
  /// Outputs of a few chosen examples at given weights; empty: none are recorded.
  std::function<at::Tensor(const at::Tensor&)> chosen_outputs = {};
  std::function<at::Tensor(const at::Tensor&)> chosen_test_outputs = {};
  /// Fraction of training examples classified right from all outputs; empty: not recorded.
  std::function<double(const at::Tensor&)> accuracy = {};
  /// Scores of given weights on the test set; empty: not recorded.
  std::function<TestScores(const at::Tensor&)> test = {};
};

class FlowSeries;

/// The optimizer, its midpoints and the flows side by side from one point, recorded as series
/// PROCESS/NAME (row t = before step t).
class FlowComparison {
 public:
  /// References are kept. @throws InvalidArgument  unknown processes, midpoint without discrete, a
  /// flow that the rule does not have, counts out of range
  FlowComparison(objective::Objective& objective,
                 const UpdateRule& rule,
                 const at::Tensor& weights,
                 FlowComparisonOptions options,
                 run::Recorder& recorder);
  ~FlowComparison();

  /// Records row `next_row()` and moves on; the row `steps` is the last, where nothing moves.
  void step();
  std::int64_t next_row() const { return row_; }
  bool finished() const { return diverged_ || row_ > options_.steps; }
  /// The discrete run's loss is not finite, or larger than both a million times the first and a
  /// thousand times w^T M w at the start.
  bool diverged() const { return diverged_; }

  /// Why flows had to stop, a sentence each, by process.
  const std::map<std::string, std::string>& failures() const { return failures_; }
  /// The process's flow, once started; null where there is none.
  const Flow* flow(const std::string& process) const;

  /// All state before row next_row(), for checkpoints.
  NamedArrays state() const;
  void set_state(const NamedArrays& state);

 private:
  bool wants(const std::string& process) const;
  void start_flows();
  std::unique_ptr<Flow> make_flow(const std::string& process,
                                  const at::Tensor& start,
                                  const OptimizerState& before);
  void record_discrete(bool move);
  double divergence_limit(double first_loss, const at::Tensor& weights) const;
  void record_midpoint();
  void record_flow(const std::string& process, Flow& flow, bool move);
  void record_raw_eigenvalues();
  void record_preconditioners(const std::string& process,
                              const at::Tensor& weights,
                              const OptimizerState& optimizer);
  bool spectrum_due() const;

  objective::Objective& objective_;
  UpdateRule rule_;
  at::Tensor initial_weights_;
  FlowComparisonOptions options_;
  run::Recorder& recorder_;
  std::unique_ptr<FlowSeries> series_;

  std::int64_t row_ = 0;
  bool diverged_ = false;
  double largest_loss_ = 0;  // of a run that has not diverged
  std::unique_ptr<DiscreteRun> discrete_;
  std::map<std::string, std::unique_ptr<Flow>> flows_;
  std::map<std::string, std::string> failures_;
  std::map<std::string, spectrum::Tracker> raw_trackers_;

  // Where the processes are at the row being recorded; without those that are not there.
  std::map<std::string, at::Tensor> places_;
  at::Tensor weighted_directions_;  // M v_i of the central flow at this row [P, rank]
};

}  // namespace thalweg::dynamics
