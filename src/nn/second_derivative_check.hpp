#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace thalweg::nn {

/// A scalar function of several tensors, differentiable in each.
using ScalarFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// Whether autograd's second derivative of a function is the derivative of its first.
struct SecondDerivativeCheck {
  enum class Verdict {
    kRight,
    kWrong,
    kUnclear  ///< differences of gradients do not settle: the function has kinks near the point
  };
  Verdict verdict = Verdict::kRight;
  std::vector<std::size_t> wrong;  ///< the tensors whose rows of the Hessian are wrong
  double found = 0;                ///< norm of H v there, as autograd has it
  double expected = 0;             ///< norm of the difference quotient
};

/// Compares H v with (g(w + h v) - g(w - h v)) / 2h, tensor by tensor, for random v as large as w.
///
/// In double the steps are so small (1e-6 |w|) that they rarely cross a kink; a difference that
/// another step confirms, for two directions v, is an error of an operator. In float32, where
/// differences are too coarse for that, u.Hv is compared with v.Hu instead.
///
/// @param point  of one dtype, on the CPU
/// Cost: a gradient, a product with the Hessian and two gradients; up to four times that where
/// something is wrong.
SecondDerivativeCheck check_second_derivative(const ScalarFunction& function,
                                              const std::vector<at::Tensor>& point);

}  // namespace thalweg::nn
