#pragma once

#include <string>
#include <string_view>

namespace at {
class Tensor;
}

namespace thalweg::nn {

enum class Activation { kGelu, kTanh, kSilu, kSoftplus, kSigmoid, kElu, kRelu, kIdentity };

/// By name: gelu (the exact one, with erf), tanh, silu, softplus, sigmoid, elu, relu, identity.
/// @throws InvalidArgument  with the nearest name
Activation activation_named(std::string_view name);
std::string activation_name(Activation activation);

/// Applies it element by element.
at::Tensor activate(Activation activation, const at::Tensor& x);

}  // namespace thalweg::nn
