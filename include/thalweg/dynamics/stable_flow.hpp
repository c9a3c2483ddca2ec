#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/point_state.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::dynamics {

struct StableFlowOptions {
  int minimum_substeps = 4;  ///< >= 1; max(this, ceil(2 S_eff)) are taken
  double limit = 100;        ///< effective sharpness at which it stops for good
  spectrum::TrackerOptions tracker = {};
};

/// The stable flow at the start of a step.
struct StableState : PointState {
  int substeps = 0;  ///< taken after it
};

/// The flow that ignores oscillations, dw/dt = -M^{-1} g: gradient flow for gradient descent. Euler
/// steps short enough for the sharpness; weights in double. Cost of a step: max(4, 2 S_eff)
/// gradients and a warm-started eigen-solve.
class StableFlow {
 public:
  StableFlow(objective::Objective& objective,
             const UpdateRule& rule,
             const at::Tensor& weights,
             const StableFlowOptions& options);

  /// Evaluates and, with `move`, integrates over one optimizer step. Once stopped, it returns
  /// without work.
  StableState step(bool move);
  bool stopped() const { return stopped_; }
  const at::Tensor& weights() const { return weights_; }  ///< [P] float64

  NamedArrays state() const;
  void set_state(const NamedArrays& state);

 private:
  objective::Objective& objective_;
  const UpdateRule& rule_;
  StableFlowOptions options_;
  OptimizerState optimizer_;
  at::Tensor weights_;
  spectrum::Tracker tracker_;
  bool stopped_ = false;
};

}  // namespace thalweg::dynamics
