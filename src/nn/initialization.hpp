#pragma once

#include <ATen/core/Tensor.h>

#include "thalweg/base/random.hpp"
#include "thalweg/nn/network.hpp"

namespace thalweg::nn {

/// Fills parameter `info` of `weights` (float64, CPU) with uniform numbers on +-bound, keyed by the
/// parameter's name.
void fill_uniform(const at::Tensor& weights, const ParameterInfo& info, double bound, Key key);

}  // namespace thalweg::nn
