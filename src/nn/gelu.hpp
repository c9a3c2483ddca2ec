#pragma once

#include <ATen/core/Tensor.h>

namespace thalweg::nn {

/// x Phi(x), Phi the normal distribution function, with a second derivative that is one pass over
/// memory. libtorch 1.13 composes it of a dozen, which take longer than the products of matrices
/// around them. Differentiable to any order.
at::Tensor gelu(const at::Tensor& x);

}  // namespace thalweg::nn
