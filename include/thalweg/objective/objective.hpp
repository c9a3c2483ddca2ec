#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

namespace thalweg::objective {

/// The training loss L: R^P -> R near one point w; the calls share their work: one graph of the
/// gradient serves all Hessian products, and after one of them loss, gradient and outputs cost
/// nothing. Ask for products first where both are wanted.
class Linearization {
 public:
  virtual ~Linearization() = default;

  virtual double loss() = 0;
  /// grad L(w) [P].
  virtual at::Tensor gradient() = 0;
  /// H(w) V for V [P, k]; returns [P, k] whose columns are contiguous (strides (1, P)). V laid out
  /// likewise is not copied.
  virtual at::Tensor hessian_times(const at::Tensor& v) = 0;
  /// grad_w (u_i^T H(w) u_j) for i <= j, rows in the order (0,0), (0,1), ..., (0,k-1), (1,1), ...:
  /// [k(k+1)/2, P]. U is [P, k], of any lengths, but no two parallel. Second differences of the
  /// gradient, right for every operator: k(k+1) gradients.
  /// @param step  of the differences, a length in weight space (see calibrate_difference_step); 0:
  /// one that suits the dtype and |w| of a few. A loss with exact third derivatives ignores it.
  virtual at::Tensor third_derivative(const at::Tensor& u, double step = 0) = 0;
  /// The network's outputs (n, c) on all examples, (n, T, c) for sequences; an undefined tensor
  /// where the loss has none.
  virtual at::Tensor outputs() = 0;
};

/// How often each kind of work was asked for; what a run costs.
struct WorkCounters {
  std::int64_t gradients = 0;  ///< passes over all examples, those inside third derivatives too
  std::int64_t hessian_products = 0;   ///< columns
  std::int64_t third_derivatives = 0;  ///< rows
  std::int64_t plain_gradients = 0;    ///< of the gradients, those without a graph for products
  double plain_gradient_seconds = 0;   ///< wall time of all of these

  WorkCounters since(const WorkCounters& before) const;
};

/// A training loss as a black box: data, network and device are hidden.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::int64_t dimension() const = 0;
  /// The loss near `weights` [P] (copied or kept: do not change it while the result lives). Does
  /// nothing heavy until asked.
  virtual std::unique_ptr<Linearization> at(const at::Tensor& weights) = 0;
  /// What it did so far; a loss that does not count has zeros.
  virtual WorkCounters work() const { return {}; }
  /// Options (dtype, device) of the weight vectors it takes and returns.
  virtual at::TensorOptions options() const = 0;
};

}  // namespace thalweg::objective
