#include "thalweg/nn/activation.hpp"

#include <array>
#include <utility>
#include <vector>

#include "gelu.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::nn {
namespace {

constexpr std::array<std::pair<Activation, const char*>, 8> kNames = {{
    {Activation::kGelu, "gelu"},
    {Activation::kTanh, "tanh"},
    {Activation::kSilu, "silu"},
    {Activation::kSoftplus, "softplus"},
    {Activation::kSigmoid, "sigmoid"},
    {Activation::kElu, "elu"},
    {Activation::kRelu, "relu"},
    {Activation::kIdentity, "identity"},
}};

}  // namespace

Activation activation_named(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [activation, text] : kNames) {
    if (name == text) return activation;
    known.emplace_back(text);
  }
  throw InvalidArgument("activation",
                        fmt::format("'{}' is not an activation; known are {}.{}",
                                    name,
                                    join(known, ", "),
                                    did_you_mean(name, known)));
}

std::string activation_name(Activation activation) {
  for (const auto& [known, text] : kNames) {
    if (known == activation) return text;
  }
  throw InternalError("nn::activation_name", "an activation without a name.");
}

at::Tensor activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::kGelu:
      return nn::gelu(x);
    case Activation::kTanh:
      return at::tanh(x);
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kSoftplus:
      return at::softplus(x);
    case Activation::kSigmoid:
      return at::sigmoid(x);
    case Activation::kElu:
      return at::elu(x);
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kIdentity:
      return x;
  }
  throw InternalError("nn::activate", "an activation without a function.");
}

}  // namespace thalweg::nn
