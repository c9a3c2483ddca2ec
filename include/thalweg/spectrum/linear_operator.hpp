#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace thalweg::spectrum {

/// A symmetric operator on R^n applied to a block: (n, k) -> (n, k). Blocks have contiguous columns
/// (strides (1, n)).
using LinearOperator = std::function<at::Tensor(const at::Tensor&)>;

}  // namespace thalweg::spectrum
