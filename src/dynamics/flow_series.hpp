#pragma once

#include <map>
#include <string>

#include <ATen/core/Tensor.h>

#include "thalweg/dynamics/flow.hpp"
#include "thalweg/dynamics/flow_comparison.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::dynamics {

/// How good a flow's preconditioner M is. A speed is g^T M^{-1} g, of the loss along -M^{-1} g.
struct PreconditionerScores {
  double cosine = 0;  ///< between nu and the stationary nu at the same weights (epsilon aside)
  double speed = 0, speed_stationary = 0;
  double speed_least = 0;    ///< of the admissible M of least trace
  double speed_uniform = 0;  ///< of M = S/2, gradient descent at the edge
};

/// What a flow's step took.
struct StepCost {
  double seconds = 0;  ///< wall time
  objective::WorkCounters work;
};

/// The series of a comparison, PROCESS/NAME: their names, units and meaning, and how each is made
/// from what a process says of itself.
class FlowSeries {
 public:
  /// Declares every series that a comparison with these options records. References are kept.
  FlowSeries(run::Recorder& recorder,
             const FlowComparisonOptions& options,
             const UpdateRule& rule,
             at::TensorOptions tensor_options);

  /// What is measured at a process's weights, with the optimizer that steps from there.
  void record_point(const std::string& process,
                    std::int64_t row,
                    const at::Tensor& weights,
                    const PointState& state,
                    const OptimizerState& optimizer);
  /// What a flow predicts, and what its step took.
  void record_flow(const std::string& process,
                   std::int64_t row,
                   const at::Tensor& weights,
                   const FlowState& state,
                   const StepCost& cost);
  void record_preconditioners(const std::string& process,
                              std::int64_t row,
                              const PreconditionerScores& scores);
  /// Distances of all pairs of processes that have weights at this row.
  void record_distances(std::int64_t row, const std::map<std::string, at::Tensor>& places);
  /// The oscillation of the run around the central flow and around its midpoints, along v_i^T M.
  void record_deltas(std::int64_t row,
                     const std::map<std::string, at::Tensor>& places,
                     const at::Tensor& weighted_directions);

 private:
  void declare_point(const std::string& process);
  void declare_optimizer(const std::string& process);
  void declare_flow(const std::string& process);
  void declare_preconditioners(const std::string& process);
  void declare_comparisons();
  void record_optimizer(const std::string& process,
                        std::int64_t row,
                        const OptimizerState& optimizer);
  bool has(const std::string& process) const;
  at::Tensor selected(const at::Tensor& v) const;

  run::Recorder& recorder_;
  const FlowComparisonOptions& options_;
  const UpdateRule& rule_;
  at::TensorOptions tensor_options_;
};

}  // namespace thalweg::dynamics
