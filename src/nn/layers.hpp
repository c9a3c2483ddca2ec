#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "initialization.hpp"
#include <ATen/core/Tensor.h>

#include "thalweg/nn/network.hpp"

namespace thalweg::nn {

// Layers know the places of their parameters in the layout and are applied to the tensors of one
// call. Every one is made of elementary operations: the fused ones of libtorch 1.13 lack double
// backward (attention) or have wrong third derivatives (layer_norm).

/// x W^T + b over the last axis.
struct Linear {
  std::size_t weight = 0;  ///< (out, in)
  std::optional<std::size_t> bias = {};
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const;
};

/// gamma (x - mean) / (sd + 1e-6) + beta over the last axis, with the unbiased sd (divisor n - 1):
/// the authors' variant. A constant x gives beta, and no NaN in any derivative.
struct LayerNorm {
  std::size_t gamma = 0, beta = 0;
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const;
};

/// gamma x / sqrt(mean(x^2) + 1e-5) over the last axis.
struct RmsNorm {
  std::size_t gamma = 0;
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const;
};

/// gamma (x - mean) / sqrt(variance + 1e-6) + beta for x (n, channels, h, w), mean and unbiased
/// variance over the channels and pixels of each group; gamma and beta (channels).
struct GroupNorm {
  std::size_t gamma = 0, beta = 0;
  std::int64_t groups = 1;
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const;
};

/// Multi-head attention of x (n, T, d) to memory (n, S, d): softmax(q k^T / sqrt(head width)) v.
struct Attention {
  Linear query, key, value, out;
  std::int64_t heads = 1;
  /// @param causal  position t sees the positions up to t only; needs S = T
  at::Tensor operator()(const ParameterTensors& parameters,
                        const at::Tensor& x,
                        const at::Tensor& memory,
                        bool causal) const;
};

struct LinearInitial {
  InitialValues weight;
  std::optional<InitialValues> bias = {};  ///< none: the layer has no bias
};

/// A network whose parameters are declared with the rule of their initial values.
class LayeredNetwork : public Network {
 public:
  at::Tensor initial_weights(Key key) const final;

 protected:
  std::size_t add(std::string name, std::vector<std::int64_t> shape, InitialValues initial);
  /// NAME.weight (outputs, inputs) and NAME.bias (outputs).
  Linear add_linear(const std::string& name,
                    std::int64_t inputs,
                    std::int64_t outputs,
                    const LinearInitial& initial);
  /// NAME.weight ones, NAME.bias zeros, each (width).
  LayerNorm add_layer_norm(const std::string& name, std::int64_t width);
  RmsNorm add_rms_norm(const std::string& name, std::int64_t width);
  GroupNorm add_group_norm(const std::string& name,
                           std::int64_t channels,
                           std::int64_t groups,
                           double gamma);
  /// NAME.query, .key, .value from `width` to heads * head_width, NAME.out back.
  Attention add_attention(const std::string& name,
                          std::int64_t width,
                          std::int64_t heads,
                          std::int64_t head_width,
                          const LinearInitial& in,
                          const LinearInitial& out);

 private:
  std::vector<InitialValues> initial_;  // one a parameter
};

/// PyTorch's initial values of a linear layer, +-1/sqrt(inputs), weights and bias.
LinearInitial linear_default(std::int64_t inputs, double scale = 1);

/// @throws InvalidArgument  "[where] name must be >= minimum; got value."
void require_at_least(const char* where,
                      const char* name,
                      std::int64_t value,
                      std::int64_t minimum);
/// @throws InvalidArgument  an output-scale that is negative or not a number
void require_scale(const char* where, double output_scale);

}  // namespace thalweg::nn
