#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/spectrum/linear_operator.hpp"

namespace thalweg::dynamics {

/// A positive diagonal preconditioner M: the optimizer steps by -M^{-1} g. Vectors are [P], blocks
/// [P, k].
class Preconditioner {
 public:
  /// M = I / inverse: for gradient descent `inverse` is the learning rate, kept as it is so that no
  /// rounding enters.
  explicit Preconditioner(double inverse) : inverse_(inverse) {}

  at::Tensor inverse_times(const at::Tensor& v) const;           ///< M^{-1} v
  at::Tensor times(const at::Tensor& v) const;                   ///< M v
  at::Tensor inverse_sqrt_times(const at::Tensor& block) const;  ///< M^{-1/2} V

 private:
  double inverse_;
};

/// What an optimizer carries from step to step besides the weights.
struct OptimizerState {
  std::int64_t steps = 0;  ///< gradients seen
};

/// An optimizer as a value: w_{t+1} = w_t - M_t^{-1} g(w_t), where the state is updated with g
/// before the step.
class UpdateRule {
 public:
  virtual ~UpdateRule() = default;
  virtual std::string description() const = 0;
  virtual OptimizerState init() const { return {}; }
  virtual OptimizerState update(const OptimizerState& state, const at::Tensor& gradient) const = 0;
  virtual Preconditioner preconditioner(const OptimizerState& state) const = 0;
};

/// Gradient descent with a constant learning rate > 0. @throws InvalidArgument
std::unique_ptr<UpdateRule> gradient_descent(double learning_rate);

/// The effective Hessian M^{-1/2} H M^{-1/2}: similar to M^{-1} H and symmetric; unstable where an
/// eigenvalue exceeds 2. Keeps references: both arguments must outlive it.
spectrum::LinearOperator effective_hessian(objective::Linearization& loss, const Preconditioner& m);

}  // namespace thalweg::dynamics
