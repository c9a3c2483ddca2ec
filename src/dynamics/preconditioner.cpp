#include "thalweg/dynamics/preconditioner.hpp"

#include <cmath>

#include <ATen/ATen.h>

namespace thalweg::dynamics {

/// The diagonal in the dtype of v, as a column where v is a block.
at::Tensor Preconditioner::shaped_like(const at::Tensor& v) const {
  const at::Tensor diagonal = diagonal_.to(v.scalar_type());
  return v.dim() == 2 ? diagonal.unsqueeze(1) : diagonal;
}

at::Tensor Preconditioner::inverse_times(const at::Tensor& v) const {
  return is_scalar() ? v * inverse_ : v / shaped_like(v);
}

at::Tensor Preconditioner::times(const at::Tensor& v) const {
  return is_scalar() ? v / inverse_ : v * shaped_like(v);
}

at::Tensor Preconditioner::inverse_sqrt_times(const at::Tensor& block) const {
  return is_scalar() ? block * std::sqrt(inverse_) : block * shaped_like(block).rsqrt();
}

double Preconditioner::mean_step_size() const {
  return is_scalar() ? inverse_ : diagonal_.to(at::kDouble).reciprocal().mean().item<double>();
}

double Preconditioner::harmonic_mean_step_size() const {
  return is_scalar() ? inverse_ : 1 / diagonal_.to(at::kDouble).mean().item<double>();
}

spectrum::LinearOperator effective_hessian(objective::Linearization& loss,
                                           const Preconditioner& m) {
  return [&loss, &m](const at::Tensor& v) {
    return m.inverse_sqrt_times(loss.hessian_times(m.inverse_sqrt_times(v)));
  };
}

}  // namespace thalweg::dynamics
