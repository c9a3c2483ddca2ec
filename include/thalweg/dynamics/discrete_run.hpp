#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/point_state.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::dynamics {

/// The optimizer itself in the objective's dtype, and beside it the midpoints
/// w*_t = (w_{t-1} + 2 w_t + w_{t+1}) / 4, which remove an oscillation of period two.
class DiscreteRun {
 public:
  DiscreteRun(objective::Objective& objective,
              const UpdateRule& rule,
              const at::Tensor& weights,
              const spectrum::TrackerOptions& tracker,
              const OptimizerState& before = {});

  /// Evaluates w_t, with `spectrum` its eigenvalues too, and with `move` takes the step.
  PointState step(bool spectrum, bool move);
  /// After step(.., true): evaluates the midpoint w*_t of the step just left; w*_0 = w_0.
  PointState midpoint_state(bool spectrum);

  const at::Tensor& weights() const { return weights_; }    ///< w_{t+1} once moved
  const at::Tensor& previous() const { return previous_; }  ///< w_t once moved
  at::Tensor midpoint() const;                              ///< w*_t once moved
  const OptimizerState& before() const { return before_; }  ///< before the gradient at weights()
  /// Updated by the gradient of the last evaluation: what its step uses.
  const OptimizerState& optimizer() const { return optimizer_; }

  NamedArrays state() const;
  void set_state(const NamedArrays& state);

 private:
  objective::Objective& objective_;
  UpdateRule rule_;
  OptimizerState before_, optimizer_;
  at::Tensor weights_;
  at::Tensor previous_, before_previous_;  // w_t and w_{t-1} once moved; undefined before
  spectrum::Tracker tracker_, midpoint_tracker_;
};

}  // namespace thalweg::dynamics
