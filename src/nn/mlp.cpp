#include <cmath>

#include "initialization.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

class Mlp final : public Network {
 public:
  Mlp(std::int64_t inputs, std::int64_t outputs, const MlpOptions& options) : options_(options) {
    widths_.push_back(inputs);
    widths_.insert(widths_.end(), options.hidden.begin(), options.hidden.end());
    widths_.push_back(outputs);
    for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
      const std::string layer = fmt::format("layers.{}", i);
      weight_.push_back(add_parameter(layer + ".weight", {widths_[i + 1], widths_[i]}));
      if (options.bias) bias_.push_back(add_parameter(layer + ".bias", {widths_[i + 1]}));
    }
  }

  at::Tensor initial_weights(Key key) const override {
    at::Tensor weights = at::empty({dimension()}, at::kDouble);
    for (std::size_t i = 0; i < weight_.size(); ++i) {
      const double bound = options_.init_scale / std::sqrt(static_cast<double>(widths_[i]));
      fill(weights, parameters()[weight_[i]], uniform(bound), key);
      if (options_.bias) fill(weights, parameters()[bias_[i]], uniform(bound), key);
    }
    return weights;
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& inputs) const override {
    at::Tensor x = inputs.flatten(1);
    for (std::size_t i = 0; i < weight_.size(); ++i) {
      const at::Tensor weight = parameters[weight_[i]].t();
      x = options_.bias ? at::addmm(parameters[bias_[i]], x, weight) : at::mm(x, weight);
      if (i + 1 < weight_.size()) x = activate(options_.activation, x);
    }
    return x;
  }

  std::string description() const override {
    return fmt::format("MLP {}, {}", fmt::join(widths_, "-"), activation_name(options_.activation));
  }

 private:
  MlpOptions options_;
  std::vector<std::int64_t> widths_;
  std::vector<std::size_t> weight_, bias_;
};

}  // namespace

std::unique_ptr<Network> make_mlp(std::int64_t inputs,
                                  std::int64_t outputs,
                                  const MlpOptions& options) {
  for (const std::int64_t width : options.hidden) {
    if (width < 1)
      throw InvalidArgument("mlp", fmt::format("hidden widths must be >= 1; got {}.", width));
  }
  if (inputs < 1 || outputs < 1) {
    throw InvalidArgument("mlp",
                          fmt::format("needs inputs and outputs; got {} and {}.", inputs, outputs));
  }
  if (!(options.init_scale > 0)) {
    throw InvalidArgument("mlp",
                          fmt::format("init-scale must be > 0; got {}.", options.init_scale));
  }
  return std::make_unique<Mlp>(inputs, outputs, options);
}

}  // namespace thalweg::nn
