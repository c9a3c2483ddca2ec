#pragma once

#include <limits>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/point_state.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/objective/objective.hpp"

namespace thalweg::dynamics {

/// A flow at the start of a step. What a flow does not know stays NaN, empty or undefined.
struct FlowState : PointState {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  // What it predicts of the optimizer that oscillates around it with covariance Sigma.
  double predicted_loss = kUnknown;            ///< time average of the loss
  double predicted_gradient_norm2 = kUnknown;  ///< time average of |g|^2
  double sigma_trace = kUnknown;               ///< tr Sigma
  std::vector<double> variances;               ///< x_i, descending: E (v_i^T M delta)^2
  at::Tensor directions;           ///< v_i, [P, k], Sigma = sum_i x_i v_i v_i^T; undefined at k = 0
  at::Tensor weighted_directions;  ///< M v_i

  double residual = kUnknown;  ///< of the complementarity problem, relative
  double error = kUnknown;     ///< estimated error of the integration over the step, relative
  int substeps = 0;            ///< taken after it
};

/// An ordinary differential equation that describes an optimizer; one unit of time is one of its
/// steps. Weights are kept and summed in double; derivatives are taken in the objective's dtype.
class Flow {
 public:
  virtual ~Flow() = default;

  /// Evaluates the state at the present time and, with `move`, integrates over one optimizer step.
  /// Once stopped, it returns without work.
  virtual FlowState step(bool move) = 0;
  virtual bool stopped() const { return false; }
  /// The optimizer's step that the flow takes now: M at the present time.
  Preconditioner preconditioner() const { return rule_.preconditioner(optimizer_); }

  const at::Tensor& weights() const { return weights_; }          ///< [P] float64
  const OptimizerState& optimizer() const { return optimizer_; }  ///< at the present time
  const UpdateRule& rule() const { return rule_; }

  virtual NamedArrays state() const;
  virtual void set_state(const NamedArrays& state);

 protected:
  /// Starts at `weights` [P] (any dtype), with `before` updated by the gradient there: nu is the
  /// one that the first step uses.
  Flow(objective::Objective& objective,
       UpdateRule rule,
       const at::Tensor& weights,
       const OptimizerState& before);

  objective::Objective& objective_;
  UpdateRule rule_;
  at::Tensor weights_;  // float64
  OptimizerState optimizer_;
};

}  // namespace thalweg::dynamics
