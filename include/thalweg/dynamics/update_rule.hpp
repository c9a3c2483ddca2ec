#pragma once

#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/preconditioner.hpp"
#include "thalweg/dynamics/schedule.hpp"

namespace thalweg::dynamics {

/// What the squared gradients are averaged into.
enum class SecondMoment {
  kNone,
  kScalar,   ///< one number, from |g|^2
  kDiagonal  ///< one number a weight, from g * g
};

enum class Momentum {
  kNone,
  kHeavyBall,  ///< m <- beta1 m + g, as in SGD with momentum
  kAverage     ///< m <- beta1 m + (1 - beta1) g, as in Adam
};

struct UpdateRuleOptions {
  SecondMoment second_moment = SecondMoment::kNone;
  Momentum momentum = Momentum::kNone;
  double learning_rate = 0.1;    ///< > 0
  double beta1 = 0;              ///< [0, 1), of the momentum
  double beta2 = 0.99;           ///< (0, 1), of the second moment
  double epsilon = 0;            ///< >= 0, added to the root of the second moment
  bool bias_correction = false;  ///< divide the averages by 1 - beta^t
  Schedule schedule = {};
};

/// What an optimizer carries from step to step besides the weights.
struct OptimizerState {
  double time = 0;                ///< gradients seen; flows count fractions of steps too
  at::Tensor second_moment = {};  ///< nu, [P] or [1]; undefined where there is none
  at::Tensor momentum = {};       ///< m, [P]; undefined where there is none
};

NamedArrays to_arrays(const OptimizerState& state);
OptimizerState optimizer_state_from(const NamedArrays& arrays, const at::Device& device);

/// An optimizer as a value, w_{t+1} = w_t - M_t^{-1} m_t (m_t = g(w_t) without momentum), whose
/// state is updated with g(w_t) before the step:
///
///   nu <- nu + (1 - beta2) (g^2 - nu),   M = (sqrt(nu) + epsilon) / eta(t).
///
/// Sources: [Cohen2024] for gradient descent, Scalar RMSProp and RMSProp; [Polyak1964];
/// [Kingma2015].
class UpdateRule {
 public:
  /// @throws InvalidArgument  a value out of its range
  explicit UpdateRule(const UpdateRuleOptions& options);

  const UpdateRuleOptions& options() const { return options_; }
  std::string description() const;  ///< "RMSProp, learning rate 0.001, beta2 0.99"

  /// The state after the gradient [P]; before any gradient it is OptimizerState{}. Averages take
  /// the gradient's dtype.
  OptimizerState update(const OptimizerState& state, const at::Tensor& gradient) const;
  /// w_{t+1} - w_t, given the updated state.
  at::Tensor step(const OptimizerState& state, const at::Tensor& gradient) const;
  /// M_t of the updated state.
  Preconditioner preconditioner(const OptimizerState& state) const;
  double learning_rate(double time) const;

  /// The eigenvalue of M^{-1} H from which the optimizer oscillates on a quadratic: 2, with
  /// momentum 2 (1 + beta1), with averaged momentum 2 (1 + beta1)/(1 - beta1).
  double edge() const;

  // Continuous time: nu's derivative is response() (average of g^2 - nu), one step being one unit.

  /// (1 - beta2)/beta2, with which nu(t) = nu(t-1) + response (g_t^2 - nu(t)) exactly; 0 without
  /// nu.
  double response() const;
  /// Products of two vectors, [..., P], as the second moment sees them: themselves, or summed to
  /// [..., 1].
  at::Tensor collect(const at::Tensor& products) const;
  /// dM/dnu, [P] or [1], in double; 0 where nu is 0.
  at::Tensor sensitivity(const OptimizerState& state) const;
  /// dM/dt at fixed nu, [P] or [1], in double: from the schedule and the bias correction. Undefined
  /// where it is zero.
  at::Tensor drift(const OptimizerState& state) const;

 private:
  double correction(double time) const;  // 1 - beta2^t, or 1
  at::Tensor root(const OptimizerState& state) const;

  UpdateRuleOptions options_;
};

/// "gd", "scalar-rmsprop", "rmsprop", "momentum" or "adam": which averages it keeps; the rest as
/// given. @throws InvalidArgument  unknown name
UpdateRuleOptions optimizer_named(std::string_view name, UpdateRuleOptions options);

/// Gradient descent with a constant learning rate > 0. @throws InvalidArgument
UpdateRule gradient_descent(double learning_rate);

}  // namespace thalweg::dynamics
