#include <cmath>

#include "layers.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

struct Layer {
  Attention self_attention, cross_attention;
  Linear mlp_in, mlp_out;
  LayerNorm self_norm, cross_norm, mlp_norm;
};

/// Fixed positions (length, width): columns 2i and 2i + 1 are sin and cos of t / 10000^(2i /
/// width).
at::Tensor sinusoids(std::int64_t length, std::int64_t width) {
  const at::Tensor power = at::arange(0, width, 2, at::kDouble) / static_cast<double>(width);
  const at::Tensor angle = at::outer(at::arange(length, at::kDouble), at::pow(1e4, -power));
  return at::stack({angle.sin(), angle.cos()}, 2).flatten(1);
}

class Transformer final : public LayeredNetwork {
 public:
  Transformer(std::int64_t vocabulary, std::int64_t outputs, const TransformerOptions& options)
      : options_(options),
        embedding_(add(
            "embedding.weight", {vocabulary, options.width}, xavier(vocabulary, options.width))) {
    for (std::int64_t i = 0; i < options.layers; ++i) layers_.push_back(add_layer(i));
    const InitialValues bias = scaled(fan_in(options.width), options.output_scale);
    output_ = add_linear(
        "output",
        options.width,
        outputs,
        {.weight = scaled(xavier(options.width, outputs), options.output_scale), .bias = bias});
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& tokens) const override {
    const double scale = std::sqrt(static_cast<double>(options_.width));
    const at::Tensor embedded = at::embedding(parameters[embedding_], tokens) * scale;
    const at::Tensor source =
        embedded + sinusoids(tokens.size(1), options_.width).to(embedded.options());
    at::Tensor x = source;
    for (const Layer& layer : layers_) {
      x = layer.self_norm(parameters, x + layer.self_attention(parameters, x, x, true));
      x = layer.cross_norm(parameters,
                           x + layer.cross_attention(parameters, x, source, options_.causal));
      const at::Tensor hidden = activate(options_.activation, layer.mlp_in(parameters, x));
      x = layer.mlp_norm(parameters, x + layer.mlp_out(parameters, hidden));
    }
    return output_(parameters, x);
  }

  std::string description() const override {
    return fmt::format("Transformer, width {}, {} layers, {} heads, {}{}",
                       options_.width,
                       options_.layers,
                       options_.heads,
                       activation_name(options_.activation),
                       options_.causal ? "" : ", not causal");
  }

 private:
  Layer add_layer(std::int64_t index) {
    const std::string name = fmt::format("layers.{}", index);
    const std::int64_t width = options_.width;
    Layer layer;
    layer.self_attention = add_attention(name + ".self_attention");
    layer.self_norm = add_layer_norm(name + ".self_attention.norm", width);
    layer.cross_attention = add_attention(name + ".cross_attention");
    layer.cross_norm = add_layer_norm(name + ".cross_attention.norm", width);
    layer.mlp_in = add_linear(name + ".mlp.in",
                              width,
                              options_.mlp,
                              {.weight = xavier(width, options_.mlp), .bias = fan_in(width)});
    layer.mlp_out =
        add_linear(name + ".mlp.out",
                   options_.mlp,
                   width,
                   {.weight = xavier(options_.mlp, width), .bias = fan_in(options_.mlp)});
    layer.mlp_norm = add_layer_norm(name + ".mlp.norm", width);
    return layer;
  }

  /// Xavier's bound for query, key and value is that of the three as one matrix, as PyTorch holds
  /// them.
  Attention add_attention(const std::string& name) {
    const std::int64_t width = options_.width;
    return LayeredNetwork::add_attention(name,
                                         width,
                                         options_.heads,
                                         width / options_.heads,
                                         {.weight = xavier(width, 3 * width), .bias = constant(0)},
                                         {.weight = xavier(width, width), .bias = constant(0)});
  }

  TransformerOptions options_;
  std::size_t embedding_;
  std::vector<Layer> layers_;
  Linear output_;
};

}  // namespace

std::unique_ptr<Network> make_transformer(std::int64_t vocabulary,
                                          std::int64_t outputs,
                                          const TransformerOptions& options) {
  require_at_least("transformer", "vocabulary", vocabulary, 1);
  require_at_least("transformer", "outputs", outputs, 1);
  require_at_least("transformer", "layers", options.layers, 1);
  require_at_least("transformer", "heads", options.heads, 1);
  require_at_least("transformer", "width", options.width, 2);
  require_at_least("transformer", "mlp", options.mlp, 1);
  require_scale("transformer", options.output_scale);
  if (options.width % 2 != 0 || options.width % options.heads != 0) {
    throw InvalidArgument("transformer",
                          fmt::format("width must be even and divisible by heads; got {} and {}.",
                                      options.width,
                                      options.heads));
  }
  return std::make_unique<Transformer>(vocabulary, outputs, options);
}

}  // namespace thalweg::nn
