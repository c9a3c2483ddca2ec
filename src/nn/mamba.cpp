#include <cmath>

#include "layers.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

constexpr double kDeviation = 0.02;  ///< of the initial weights

/// log(1), ..., log(states) in every row: decay rates 1, 2, ..., states.
InitialValues log_of_counts(std::int64_t states) {
  return [states](std::span<double> values, Key) {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = std::log(static_cast<double>(i % static_cast<std::size_t>(states) + 1));
  };
}

/// softplus^-1 of step sizes that are log-uniform on [1e-3, 0.1].
InitialValues step_bias() {
  return [](std::span<double> values, Key key) {
    fill_uniform(values, key);
    for (double& value : values) {
      const double step = 1e-3 * std::pow(100, value);
      value = step + std::log(-std::expm1(-step));
    }
  };
}

struct Layer {
  RmsNorm norm;
  Linear in, select, step, out;                ///< `select` gives the step's low-rank part, B and C
  std::size_t conv_weight = 0, conv_bias = 0;  ///< (inner, taps), (inner)
  std::size_t log_rate = 0, skip = 0;          ///< A_log (inner, states), D (inner)
};

/// Causal convolution of every channel with its own taps: x (n, T, d), taps (d, k), the last one
/// for the present.
at::Tensor depthwise(const at::Tensor& x, const at::Tensor& taps) {
  const std::int64_t length = x.size(1), count = taps.size(1);
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, count - 1, 0});
  at::Tensor sum;
  for (std::int64_t k = 0; k < count; ++k) {
    const at::Tensor term = padded.narrow(1, k, length) * taps.select(1, k);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

/// The selective scan. With A = -exp(A_log), for every channel d and state s:
///
///   h_t = exp(step_t A) h_{t-1} + step_t B_t x_t,   y_t = <C_t, h_t> + D x_t
///
/// x and step are (n, T, d), B and C (n, T, s); one position after the other.
at::Tensor scan(const at::Tensor& x,
                const at::Tensor& step,
                const at::Tensor& rate,
                const at::Tensor& b,
                const at::Tensor& c) {
  const auto decays = (step.unsqueeze(-1) * rate).exp().unbind(1);
  const auto inputs = ((step * x).unsqueeze(-1) * b.unsqueeze(2)).unbind(1);
  std::vector<at::Tensor> states = {inputs[0]};
  for (std::size_t t = 1; t < inputs.size(); ++t)
    states.push_back(decays[t] * states.back() + inputs[t]);
  return at::matmul(at::stack(states, 1), c.unsqueeze(-1)).squeeze(-1);
}

class Mamba final : public LayeredNetwork {
 public:
  Mamba(std::int64_t vocabulary, std::int64_t outputs, const MambaOptions& options)
      : options_(options),
        inner_(options.expand * options.width),
        rank_((options.width + 15) / 16),
        embedding_(add("embedding.weight", {vocabulary, options.width}, normal(kDeviation))) {
    for (std::int64_t i = 0; i < options.layers; ++i)
      layers_.push_back(add_layer(fmt::format("layers.{}", i)));
    final_norm_ = add_rms_norm("norm", options.width);
    output_ = add_linear(
        "output", options.width, outputs, {.weight = normal(kDeviation * options.output_scale)});
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& tokens) const override {
    at::Tensor x = at::embedding(parameters[embedding_], tokens);
    for (const Layer& layer : layers_) x = x + mix(layer, parameters, layer.norm(parameters, x));
    return output_(parameters, final_norm_(parameters, x));
  }

  std::string description() const override {
    return fmt::format("Mamba, width {}, {} layers of {} channels with {} states",
                       options_.width,
                       options_.layers,
                       inner_,
                       options_.states);
  }

 private:
  Layer add_layer(const std::string& name) {
    const LinearInitial initial = {.weight = normal(kDeviation)};
    Layer layer;
    layer.norm = add_rms_norm(name + ".norm", options_.width);
    layer.in = add_linear(name + ".in", options_.width, 2 * inner_, initial);
    layer.conv_weight = add(name + ".conv.weight", {inner_, options_.taps}, fan_in(options_.taps));
    layer.conv_bias = add(name + ".conv.bias", {inner_}, fan_in(options_.taps));
    layer.select = add_linear(name + ".select", inner_, rank_ + 2 * options_.states, initial);
    layer.step = add_linear(
        name + ".step", rank_, inner_, {.weight = normal(kDeviation), .bias = step_bias()});
    layer.log_rate =
        add(name + ".A_log", {inner_, options_.states}, log_of_counts(options_.states));
    layer.skip = add(name + ".D", {inner_}, constant(1));
    layer.out = add_linear(name + ".out", inner_, options_.width, initial);
    return layer;
  }

  at::Tensor mix(const Layer& layer,
                 const ParameterTensors& parameters,
                 const at::Tensor& input) const {
    const auto halves = layer.in(parameters, input).chunk(2, -1);
    const at::Tensor x =
        at::silu(depthwise(halves[0], parameters[layer.conv_weight]) + parameters[layer.conv_bias]);
    const auto selected =
        layer.select(parameters, x).split_with_sizes({rank_, options_.states, options_.states}, -1);
    const at::Tensor step = at::softplus(layer.step(parameters, selected[0]));
    const at::Tensor rate = -parameters[layer.log_rate].exp();
    const at::Tensor y = scan(x, step, rate, selected[1], selected[2]) + parameters[layer.skip] * x;
    return layer.out(parameters, y * at::silu(halves[1]));
  }

  MambaOptions options_;
  std::int64_t inner_, rank_;
  std::size_t embedding_;
  std::vector<Layer> layers_;
  RmsNorm final_norm_;
  Linear output_;
};

}  // namespace

std::unique_ptr<Network> make_mamba(std::int64_t vocabulary,
                                    std::int64_t outputs,
                                    const MambaOptions& options) {
  require_at_least("mamba", "vocabulary", vocabulary, 1);
  require_at_least("mamba", "outputs", outputs, 1);
  require_at_least("mamba", "width", options.width, 1);
  require_at_least("mamba", "layers", options.layers, 1);
  require_at_least("mamba", "states", options.states, 1);
  require_at_least("mamba", "expand", options.expand, 1);
  require_at_least("mamba", "taps", options.taps, 1);
  require_scale("mamba", options.output_scale);
  return std::make_unique<Mamba>(vocabulary, outputs, options);
}

}  // namespace thalweg::nn
