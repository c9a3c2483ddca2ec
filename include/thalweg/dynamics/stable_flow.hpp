#pragma once

#include "thalweg/dynamics/flow.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::dynamics {

struct StableFlowOptions {
  int minimum_substeps = 4;  ///< >= 1; max(this, ceil(2 S_eff)) are taken
  double limit = 100;        ///< effective sharpness at which it stops for good
  spectrum::TrackerOptions tracker = {};
};

/// The flow that ignores oscillations, dw/dt = -M^{-1} g, dnu/dt = r (g^2 - nu): gradient flow for
/// gradient descent. Euler steps short enough for the sharpness. Cost of a step: max(4, 2 S_eff)
/// gradients and a warm-started eigen-solve.
class StableFlow final : public Flow {
 public:
  /// @param before  the optimizer's state before the gradient at `weights`
  StableFlow(objective::Objective& objective,
             const UpdateRule& rule,
             const at::Tensor& weights,
             const StableFlowOptions& options,
             const OptimizerState& before = {});

  FlowState step(bool move) override;
  bool stopped() const override { return stopped_; }

  NamedArrays state() const override;
  void set_state(const NamedArrays& state) override;

 private:
  StableFlowOptions options_;
  spectrum::Tracker tracker_;
  bool stopped_ = false;
};

}  // namespace thalweg::dynamics
