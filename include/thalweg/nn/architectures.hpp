#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/nn/activation.hpp"
#include "thalweg/nn/network.hpp"

namespace thalweg::nn {

/// Sizes of a fully connected network. The authors' preset is hidden = 256, 256.
struct MlpOptions {
  std::vector<std::int64_t> hidden = {128, 128};  ///< widths >= 1; empty: a linear model
  Activation activation = Activation::kGelu;
  bool bias = true;
  double init_scale = 1.0;  ///< multiplies the initial weights, > 0
};

/// Sizes of a convolutional network: blocks of conv (odd kernel, padded to keep the size),
/// activation and 2x2 average pooling, then one hidden fully connected layer. The defaults are the
/// authors' preset.
struct CnnOptions {
  std::vector<std::int64_t> channels = {32, 64};
  std::int64_t kernel = 3;
  std::int64_t hidden = 128;
  Activation activation = Activation::kGelu;
  double init_scale = 1.0;
};

/// x (n, ...) is flattened; then linear layers with the activation between them. Parameters
/// `layers.I.weight` (out, in) and `layers.I.bias` (out). Initial weights are uniform on
/// +-init_scale/sqrt(in), biases too.
std::unique_ptr<Network> make_mlp(std::int64_t inputs,
                                  std::int64_t outputs,
                                  const MlpOptions& options = {});

/// x (n, c, h, w) with h and w divisible by 2^blocks. Parameters `conv.I.weight` (out, in, k, k),
/// `hidden.weight`, `hidden.bias`, `output.weight`, `output.bias`; only the output layer has a
/// bias, as the authors have it. Initial weights are uniform on +-init_scale/sqrt(fan in).
std::unique_ptr<Network> make_cnn(const std::vector<std::int64_t>& example_shape,
                                  std::int64_t outputs,
                                  const CnnOptions& options = {});

/// A built-in architecture by name ("mlp", "cnn") with KEY=VALUE options: for mlp `hidden` (a list
/// such as 128,128 or "none"), `activation`, `bias`, `init-scale`, `preset=paper`; for cnn
/// `channels`, `kernel`, `hidden`, `activation`, `init-scale`, `preset=paper`.
///
/// @param example_shape  shape of one input
/// @throws InvalidArgument  unknown name or key (with the nearest), a value out of range, inputs
/// that do not fit
std::unique_ptr<Network> make_network(std::string_view name,
                                      const std::vector<std::string>& options,
                                      const std::vector<std::int64_t>& example_shape,
                                      std::int64_t outputs);

}  // namespace thalweg::nn
