#include <cmath>

#include "convolution.hpp"
#include "initialization.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

class Cnn final : public Network {
 public:
  Cnn(const std::vector<std::int64_t>& example_shape,
      std::int64_t outputs,
      const CnnOptions& options)
      : options_(options) {
    std::int64_t channels = example_shape[0], height = example_shape[1], width = example_shape[2];
    for (std::size_t i = 0; i < options.channels.size(); ++i) {
      conv_.push_back(
          add_parameter(fmt::format("conv.{}.weight", i),
                        {options.channels[i], channels, options.kernel, options.kernel}));
      channels = options.channels[i];
      height /= 2;
      width /= 2;
    }
    hidden_ = add_parameter("hidden.weight", {options.hidden, channels * height * width});
    output_ = add_parameter("output.weight", {outputs, options.hidden});
    output_bias_ = add_parameter("output.bias", {outputs});
  }

  at::Tensor initial_weights(Key key) const override {
    at::Tensor weights = at::empty({dimension()}, at::kDouble);
    for (const ParameterInfo& info : parameters()) {
      fill(weights, info, uniform(options_.init_scale / std::sqrt(inputs_of(info))), key);
    }
    return weights;
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& inputs) const override {
    at::Tensor x = inputs;
    for (const std::size_t layer : conv_) {
      x = convolve(x, parameters[layer], 1, options_.kernel / 2);
      x = at::avg_pool2d(activate(options_.activation, x), 2);
    }
    x = activate(options_.activation, at::mm(x.flatten(1), parameters[hidden_].t()));
    return at::addmm(parameters[output_bias_], x, parameters[output_].t());
  }

  std::string description() const override {
    return fmt::format("CNN {} channels of {}x{}, hidden {}, {}",
                       fmt::join(options_.channels, "-"),
                       options_.kernel,
                       options_.kernel,
                       options_.hidden,
                       activation_name(options_.activation));
  }

 private:
  double inputs_of(const ParameterInfo& info) const {
    if (info.shape.size() == 1) return static_cast<double>(options_.hidden);  // the output's bias
    return static_cast<double>(info.numel() / info.shape[0]);
  }

  CnnOptions options_;
  std::vector<std::size_t> conv_;
  std::size_t hidden_ = 0, output_ = 0, output_bias_ = 0;
};

}  // namespace

std::unique_ptr<Network> make_cnn(const std::vector<std::int64_t>& example_shape,
                                  std::int64_t outputs,
                                  const CnnOptions& options) {
  const std::int64_t factor = std::int64_t{1} << options.channels.size();
  if (example_shape.size() != 3 || example_shape[1] % factor != 0 ||
      example_shape[2] % factor != 0) {
    throw InvalidArgument("cnn",
                          fmt::format("inputs must be images (channels, height, width) with sides "
                                      "divisible by {} ({} halvings); "
                                      "got {}. Use --model mlp, or other channels.",
                                      factor,
                                      options.channels.size(),
                                      shape_text(example_shape)));
  }
  if (options.kernel < 1 || options.kernel % 2 == 0) {
    throw InvalidArgument("cnn",
                          fmt::format("kernel must be odd and >= 1; got {}.", options.kernel));
  }
  for (const std::int64_t channels : options.channels) {
    if (channels < 1)
      throw InvalidArgument("cnn", fmt::format("channels must be >= 1; got {}.", channels));
  }
  if (options.hidden < 1 || outputs < 1 || !(options.init_scale > 0)) {
    throw InvalidArgument(
        "cnn",
        fmt::format("hidden and outputs must be >= 1 and init-scale > 0; got {}, {}, {}.",
                    options.hidden,
                    outputs,
                    options.init_scale));
  }
  return std::make_unique<Cnn>(example_shape, outputs, options);
}

}  // namespace thalweg::nn
