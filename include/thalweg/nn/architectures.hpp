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

/// Sizes of a residual network, the authors' by default: a 3x3 convolution to `width` channels,
/// then stages of blocks; every stage after the first halves the image and doubles the channels.
struct ResnetOptions {
  std::int64_t width = 16;  ///< channels of the first stage; groups of every norm
  std::vector<std::int64_t> stages = {3, 3, 3};  ///< blocks of each
  std::int64_t cells = 2;                        ///< the last map is averaged to cells x cells
  Activation activation = Activation::kGelu;
  double output_scale = 0;  ///< multiplies the output layer's initial weights, >= 0
};

/// Sizes of a vision transformer, the authors' by default.
struct VitOptions {
  std::int64_t patch = 4;   ///< pixels a side; divides the image
  std::int64_t width = 64;  ///< a multiple of 4, >= 8
  std::int64_t layers = 4;
  std::int64_t heads = 8;
  std::int64_t head_width = 64;
  std::int64_t mlp = 256;
  Activation activation = Activation::kGelu;
  double output_scale = 0;  ///< as of ResnetOptions
};

/// Sizes of a stack of LSTM cells, the authors' by default.
struct LstmOptions {
  std::int64_t embedding = 48;
  std::int64_t hidden = 48;
  std::int64_t layers = 2;
  double output_scale = 1;
};

/// Sizes of a transformer over tokens, the authors' by default.
struct TransformerOptions {
  std::int64_t width = 32;  ///< even, divisible by heads
  std::int64_t layers = 4;
  std::int64_t heads = 4;
  std::int64_t mlp = 128;
  /// The cross-attention of a position reads the embedded input up to that position. The authors'
  /// reads all of it (false), so that a network trained to predict the next token sees it.
  bool causal = true;
  Activation activation = Activation::kGelu;
  double output_scale = 0;
};

/// Sizes of a Mamba network, the authors' by default.
struct MambaOptions {
  std::int64_t width = 64;  ///< the rank of the step sizes is a sixteenth of it, rounded up
  std::int64_t layers = 2;
  std::int64_t states = 16;
  std::int64_t expand = 2;  ///< channels of the scan: expand * width
  std::int64_t taps = 4;    ///< of the convolution over time
  double output_scale = 0.1;
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

/// x (n, c, h, w). A block is x + s F(x) with F = conv, norm, activation, conv, norm and
/// s = 1/sqrt(all blocks); where it halves the image, the first x passes a strided convolution and
/// a norm too. All convolutions are 3x3 without bias; a norm is over `width` groups, with the
/// unbiased variance and 1e-6 beside it. The last map is averaged over cells x cells windows, which
/// overlap where a side is no multiple (the authors' average pooling by 4 for 32 x 32 pixels), then
/// one linear layer.
///
/// Initial weights: normal of variance 2/(9 out) (Kaiming, fan out); the second norm of a block is
/// zero, so that each starts as the identity; the output layer is zero unless output_scale says
/// otherwise.
///
/// @throws InvalidArgument  no images, or too small for the stages
std::unique_ptr<Network> make_resnet(const std::vector<std::int64_t>& example_shape,
                                     std::int64_t outputs,
                                     const ResnetOptions& options = {});

/// x (n, c, h, w) with h and w divisible by the patch. Patches, normed, mapped to `width`, normed,
/// plus fixed sin-cos positions of row and column; layers x + attention(norm(x)), x + mlp(norm(x))
/// with biases in the mlp only; a norm, the mean over patches, one linear layer. Norms divide by
/// the unbiased standard deviation + 1e-6. Initial weights are uniform on +-1/sqrt(in), biases too;
/// the output layer is zero unless output_scale says otherwise. Source: [Beyer2022],
/// arXiv:2205.01580, with the authors' norms.
std::unique_ptr<Network> make_vit(const std::vector<std::int64_t>& example_shape,
                                  std::int64_t outputs,
                                  const VitOptions& options = {});

/// Tokens (n, T) of a vocabulary -> (n, T, outputs), each from the tokens up to its own. Embedding,
/// LSTM cells with two biases (gates in the order input, forget, cell, output), one linear layer.
/// Initial embeddings are standard normal, everything else is uniform on +-1/sqrt(hidden).
/// Source: [Hochreiter1997].
std::unique_ptr<Network> make_lstm(std::int64_t vocabulary,
                                   std::int64_t outputs,
                                   const LstmOptions& options = {});

/// Tokens (n, T) of a vocabulary -> (n, T, outputs). The embedding times sqrt(width) plus fixed
/// sinusoidal positions, e, enters layers of
///
///   x <- norm(x + self(x, x)),   x <- norm(x + cross(x, e)),   x <- norm(x + mlp(x)),
///
/// then one linear layer. self sees earlier positions only; cross does where `causal`. Norms as of
/// make_vit. Initial weights are Xavier's, biases of attention zero, others uniform on
/// +-1/sqrt(in); the output layer is zero unless output_scale says otherwise. Source:
/// [Vaswani2017], arXiv:1706.03762, its decoder reading its own input.
std::unique_ptr<Network> make_transformer(std::int64_t vocabulary,
                                          std::int64_t outputs,
                                          const TransformerOptions& options = {});

/// Tokens (n, T) of a vocabulary -> (n, T, outputs), each from the tokens up to its own. Layers
/// x + mix(rms_norm(x)) where mix is a gated selective scan behind a causal convolution of each
/// channel; a norm and a linear layer without bias. The scan goes position by position, so that
/// every derivative is that of plain operations.
///
/// Initial weights are normal of deviation .02, the output's times output_scale; A_log =
/// log(1..states), D = 1, the step's bias the inverse softplus of log-uniform step sizes on [1e-3,
/// 0.1]; the convolution uniform on +-1/sqrt(taps). Memory: T * expand * width * states numbers an
/// example and layer, a few times. Source: [Gu2023], arXiv:2312.00752.
std::unique_ptr<Network> make_mamba(std::int64_t vocabulary,
                                    std::int64_t outputs,
                                    const MambaOptions& options = {});

/// What an architecture must know of the data.
struct DataShape {
  std::vector<std::int64_t> example;  ///< of one input
  std::int64_t outputs = 0;           ///< of the network, for each example or each position
  std::int64_t vocabulary = 0;        ///< inputs are tokens 0 ... vocabulary - 1; 0: real numbers
};

/// The names of the built-in architectures: for real inputs mlp, cnn, resnet, vit; for tokens lstm,
/// transformer, mamba.
const std::vector<std::string>& network_names();

/// A built-in architecture by name, with KEY=VALUE options: the fields of its options, dashes for
/// underscores, lists as 128,128 or "none"; `preset=paper` sets the authors' sizes. docs/models.md
/// has a table of them.
///
/// @throws InvalidArgument  unknown name or key (with the nearest), a value out of range, inputs
/// that do not fit
std::unique_ptr<Network> make_network(std::string_view name,
                                      const std::vector<std::string>& options,
                                      const DataShape& data);

}  // namespace thalweg::nn
