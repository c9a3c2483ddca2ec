#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "convolution.hpp"
#include "layers.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

/// A 3x3 convolution, padded by one, without bias.
struct Convolution {
  std::size_t weight = 0;
  std::int64_t stride = 1;
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
    return convolve(x, parameters[weight], stride, 1);
  }
};

struct Normalized {
  Convolution convolution;
  GroupNorm norm;
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
    return norm(parameters, convolution(parameters, x));
  }
};

struct Block {
  Normalized first, second;
  std::optional<Normalized> shortcut;  ///< where the stride is 2
};

std::int64_t stride_of(std::size_t stage) { return stage == 0 ? 1 : 2; }
std::int64_t halved(std::int64_t side) { return (side + 1) / 2; }

class Resnet final : public LayeredNetwork {
 public:
  Resnet(const std::vector<std::int64_t>& example_shape,
         std::int64_t outputs,
         const ResnetOptions& options)
      : options_(options) {
    std::int64_t channels = options.width;
    stem_ = add_convolution("stem", example_shape[0], channels, 1);
    for (std::size_t stage = 0; stage < options.stages.size(); ++stage) {
      for (std::int64_t i = 0; i < options.stages[stage]; ++i) {
        const std::int64_t stride = i == 0 ? stride_of(stage) : 1;
        add_block(fmt::format("stages.{}.{}", stage, i), channels, stride);
        channels *= stride;
      }
    }
    const std::int64_t features = channels * options.cells * options.cells;
    output_ =
        add_linear("output", features, outputs, linear_default(features, options.output_scale));
    const std::int64_t blocks =
        std::accumulate(options.stages.begin(), options.stages.end(), std::int64_t{0});
    residual_scale_ = 1 / std::sqrt(static_cast<double>(blocks));
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& inputs) const override {
    at::Tensor x = activate(options_.activation, stem_(parameters, inputs));
    for (const Block& block : blocks_) {
      const at::Tensor hidden = activate(options_.activation, block.first(parameters, x));
      const at::Tensor change = block.second(parameters, hidden) * residual_scale_;
      x = (block.shortcut ? (*block.shortcut)(parameters, x) : x) + change;
    }
    return output_(parameters, pooled(x).flatten(1));
  }

  std::string description() const override {
    return fmt::format("ResNet, width {}, stages of {} blocks, {}",
                       options_.width,
                       fmt::join(options_.stages, "-"),
                       activation_name(options_.activation));
  }

 private:
  /// Means over cells x cells equal windows, which overlap where a side is no multiple of them.
  at::Tensor pooled(const at::Tensor& x) const {
    const std::int64_t height = x.size(2), width = x.size(3), last = options_.cells - 1;
    const std::int64_t down = height / options_.cells, right = width / options_.cells;
    return at::avg_pool2d(x, {height - last * down, width - last * right}, {down, right});
  }

  /// Kaiming's normal weights, by fan out.
  Convolution add_convolution(const std::string& name,
                              std::int64_t inputs,
                              std::int64_t outputs,
                              std::int64_t stride) {
    const double deviation = std::sqrt(2.0 / static_cast<double>(9 * outputs));
    return {.weight = add(name + ".weight", {outputs, inputs, 3, 3}, normal(deviation)),
            .stride = stride};
  }

  Normalized add_normalized(const std::string& name,
                            std::int64_t inputs,
                            std::int64_t outputs,
                            std::int64_t stride,
                            double gamma) {
    const Convolution convolution = add_convolution(name + ".conv", inputs, outputs, stride);
    return {convolution, add_group_norm(name + ".norm", outputs, options_.width, gamma)};
  }

  void add_block(const std::string& name, std::int64_t channels, std::int64_t stride) {
    const std::int64_t outputs = channels * stride;
    Block block;
    block.first = add_normalized(name + ".first", channels, outputs, stride, 1);
    block.second = add_normalized(name + ".second", outputs, outputs, 1, 0);
    if (stride != 1)
      block.shortcut = add_normalized(name + ".shortcut", channels, outputs, stride, 1);
    blocks_.push_back(block);
  }

  ResnetOptions options_;
  Convolution stem_;
  std::vector<Block> blocks_;
  Linear output_;
  double residual_scale_ = 1;
};

void check_sizes(const std::vector<std::int64_t>& example_shape,
                 std::int64_t outputs,
                 const ResnetOptions& options) {
  require_at_least("resnet", "width", options.width, 1);
  require_at_least("resnet", "cells", options.cells, 1);
  require_at_least("resnet", "outputs", outputs, 1);
  require_scale("resnet", options.output_scale);
  if (options.stages.empty())
    throw InvalidArgument("resnet", "stages must name the blocks of at least one stage.");
  for (const std::int64_t blocks : options.stages) require_at_least("resnet", "stages", blocks, 1);
  if (example_shape.size() != 3) {
    throw InvalidArgument("resnet",
                          fmt::format("inputs must be images (channels, height, width); got {}. "
                                      "Use --model mlp.",
                                      shape_text(example_shape)));
  }
}

/// The last map must have `cells` pixels a side, and two pixels for a variance.
void check_images(const std::vector<std::int64_t>& example_shape, const ResnetOptions& options) {
  std::int64_t height = example_shape[1], width = example_shape[2];
  for (std::size_t stage = 1; stage < options.stages.size(); ++stage) {
    height = halved(height);
    width = halved(width);
  }
  if (std::min(height, width) >= options.cells && height * width >= 2) return;
  throw InvalidArgument(
      "resnet",
      fmt::format("images of {} end as {} x {} pixels after {} stages; at least {} x {} and two "
                  "are needed. Give fewer stages, or fewer cells.",
                  shape_text(example_shape),
                  height,
                  width,
                  options.stages.size(),
                  options.cells,
                  options.cells));
}

}  // namespace

std::unique_ptr<Network> make_resnet(const std::vector<std::int64_t>& example_shape,
                                     std::int64_t outputs,
                                     const ResnetOptions& options) {
  check_sizes(example_shape, outputs, options);
  check_images(example_shape, options);
  return std::make_unique<Resnet>(example_shape, outputs, options);
}

}  // namespace thalweg::nn
