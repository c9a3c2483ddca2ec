#pragma once

#include <ATen/core/Tensor.h>

#include "thalweg/objective/objective.hpp"
#include "thalweg/spectrum/linear_operator.hpp"

namespace thalweg::dynamics {

/// A positive diagonal preconditioner M: an optimizer steps by -M^{-1} g. Vectors are [P], blocks
/// [P, k]; M takes the dtype of what it is applied to.
class Preconditioner {
 public:
  /// M = I / inverse: for gradient descent `inverse` is the learning rate, kept as it is so that no
  /// rounding enters.
  explicit Preconditioner(double inverse) : inverse_(inverse) {}
  /// M = diag(diagonal), [P], positive.
  explicit Preconditioner(at::Tensor diagonal) : diagonal_(std::move(diagonal)) {}

  /// M is a multiple of the identity.
  bool is_scalar() const { return !diagonal_.defined(); }
  double scalar() const { return 1 / inverse_; }  ///< that multiple

  at::Tensor inverse_times(const at::Tensor& v) const;           ///< M^{-1} v
  at::Tensor times(const at::Tensor& v) const;                   ///< M v
  at::Tensor inverse_sqrt_times(const at::Tensor& block) const;  ///< M^{-1/2} V

  /// Mean and harmonic mean of the effective step sizes, the diagonal of M^{-1}.
  double mean_step_size() const;
  double harmonic_mean_step_size() const;

 private:
  at::Tensor shaped_like(const at::Tensor& v) const;

  double inverse_ = 0;
  at::Tensor diagonal_;
};

/// The effective Hessian M^{-1/2} H M^{-1/2}: similar to M^{-1} H and symmetric. Keeps references:
/// both arguments must outlive it.
spectrum::LinearOperator effective_hessian(objective::Linearization& loss, const Preconditioner& m);

}  // namespace thalweg::dynamics
