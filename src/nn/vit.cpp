#include <cmath>

#include "layers.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

struct Layer {
  LayerNorm attention_norm;
  Attention attention;
  LayerNorm mlp_norm;
  Linear mlp_in, mlp_out;
};

/// Fixed positions (rows * columns, width): sin and cos of the column, then of the row, at
/// width/4 frequencies from 1 down to 1/10000.
at::Tensor grid_positions(std::int64_t rows, std::int64_t columns, std::int64_t width) {
  const at::Tensor power = at::linspace(0, 1, width / 4, at::kDouble);
  const at::Tensor frequency = at::pow(1e4, -power);
  const at::Tensor row = at::arange(rows, at::kDouble).repeat_interleave(columns);
  const at::Tensor column = at::arange(columns, at::kDouble).repeat({rows});
  const at::Tensor x = at::outer(column, frequency), y = at::outer(row, frequency);
  return at::cat({x.sin(), x.cos(), y.sin(), y.cos()}, 1);
}

class Vit final : public LayeredNetwork {
 public:
  Vit(const std::vector<std::int64_t>& example_shape,
      std::int64_t outputs,
      const VitOptions& options)
      : options_(options),
        positions_(grid_positions(
            example_shape[1] / options.patch, example_shape[2] / options.patch, options.width)) {
    const std::int64_t width = options.width;
    const std::int64_t pixels = options.patch * options.patch * example_shape[0];
    patch_norm_ = add_layer_norm("patch.norm_in", pixels);
    patch_ = add_linear("patch.linear", pixels, width, linear_default(pixels));
    embedding_norm_ = add_layer_norm("patch.norm_out", width);
    for (std::int64_t i = 0; i < options.layers; ++i) layers_.push_back(add_layer(i));
    final_norm_ = add_layer_norm("norm", width);
    output_ = add_linear("output", width, outputs, linear_default(width, options.output_scale));
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& inputs) const override {
    at::Tensor x = patch_(parameters, patch_norm_(parameters, patches(inputs)));
    x = embedding_norm_(parameters, x) + positions_.to(inputs.options());
    for (const Layer& layer : layers_) {
      const at::Tensor normal = layer.attention_norm(parameters, x);
      x = x + layer.attention(parameters, normal, normal, /*causal=*/false);
      const at::Tensor hidden = layer.mlp_in(parameters, layer.mlp_norm(parameters, x));
      x = x + layer.mlp_out(parameters, activate(options_.activation, hidden));
    }
    return output_(parameters, final_norm_(parameters, x).mean(1));
  }

  std::string description() const override {
    return fmt::format("ViT, patches of {0}x{0}, width {1}, {2} layers, {3} heads of {4}, {5}",
                       options_.patch,
                       options_.width,
                       options_.layers,
                       options_.heads,
                       options_.head_width,
                       activation_name(options_.activation));
  }

 private:
  Layer add_layer(std::int64_t index) {
    const std::string name = fmt::format("layers.{}", index);
    const std::int64_t width = options_.width, inner = options_.heads * options_.head_width;
    Layer layer;
    layer.attention_norm = add_layer_norm(name + ".attention.norm", width);
    layer.attention = add_attention(name + ".attention",
                                    width,
                                    options_.heads,
                                    options_.head_width,
                                    {.weight = fan_in(width)},
                                    {.weight = fan_in(inner)});
    layer.mlp_norm = add_layer_norm(name + ".mlp.norm", width);
    layer.mlp_in = add_linear(name + ".mlp.in", width, options_.mlp, linear_default(width));
    layer.mlp_out =
        add_linear(name + ".mlp.out", options_.mlp, width, linear_default(options_.mlp));
    return layer;
  }

  /// (n, c, h, w) as (n, patches, patch * patch * c), a pixel's channels side by side. Each patch
  /// is shifted to start at zero, which its normalisation undoes: a patch of one colour is then
  /// exactly zero, where rounding errors would be divided by 1e-6.
  at::Tensor patches(const at::Tensor& images) const {
    const std::int64_t side = options_.patch;
    const std::int64_t rows = images.size(2) / side, columns = images.size(3) / side;
    const at::Tensor flat =
        images.reshape({images.size(0), images.size(1), rows, side, columns, side})
            .permute({0, 2, 4, 3, 5, 1})
            .reshape({images.size(0), rows * columns, -1});
    return flat - flat.narrow(-1, 0, 1);
  }

  VitOptions options_;
  at::Tensor positions_;
  LayerNorm patch_norm_, embedding_norm_, final_norm_;
  Linear patch_, output_;
  std::vector<Layer> layers_;
};

void check_images(const std::vector<std::int64_t>& example_shape, std::int64_t patch) {
  if (example_shape.size() == 3 && example_shape[1] % patch == 0 && example_shape[2] % patch == 0 &&
      patch * patch * example_shape[0] >= 2)
    return;
  throw InvalidArgument("vit",
                        fmt::format("inputs must be images (channels, height, width) with sides "
                                    "divisible by the patch, {}, of at least two values; got {}. "
                                    "Give another patch, or use --model mlp.",
                                    patch,
                                    shape_text(example_shape)));
}

}  // namespace

std::unique_ptr<Network> make_vit(const std::vector<std::int64_t>& example_shape,
                                  std::int64_t outputs,
                                  const VitOptions& options) {
  require_at_least("vit", "patch", options.patch, 1);
  require_at_least("vit", "layers", options.layers, 1);
  require_at_least("vit", "heads", options.heads, 1);
  require_at_least("vit", "head-width", options.head_width, 1);
  require_at_least("vit", "mlp", options.mlp, 1);
  require_at_least("vit", "outputs", outputs, 1);
  require_scale("vit", options.output_scale);
  if (options.width < 8 || options.width % 4 != 0) {
    throw InvalidArgument(
        "vit", fmt::format("width must be a multiple of 4 and >= 8; got {}.", options.width));
  }
  check_images(example_shape, options.patch);
  return std::make_unique<Vit>(example_shape, outputs, options);
}

}  // namespace thalweg::nn
