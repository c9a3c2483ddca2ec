#pragma once

#include <functional>
#include <span>

#include <ATen/core/Tensor.h>

#include "thalweg/base/random.hpp"
#include "thalweg/nn/network.hpp"

namespace thalweg::nn {

/// Writes the initial values of one parameter; a pure function of the key.
using InitialValues = std::function<void(std::span<double> values, Key key)>;

InitialValues constant(double value);
InitialValues uniform(double bound);  ///< on +-bound
InitialValues normal(double deviation);
InitialValues scaled(InitialValues values, double factor);

/// Uniform on +-sqrt(6 / (inputs + outputs)): [Glorot2010].
InitialValues xavier(std::int64_t inputs, std::int64_t outputs);
/// Uniform on +-1/sqrt(inputs), what PyTorch gives weights and biases of its linear layers.
InitialValues fan_in(std::int64_t inputs);

/// Fills parameter `info` of `weights` (float64, CPU), keyed by the parameter's name.
void fill(const at::Tensor& weights,
          const ParameterInfo& info,
          const InitialValues& values,
          Key key);

}  // namespace thalweg::nn
