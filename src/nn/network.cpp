#include "thalweg/nn/network.hpp"

#include <ATen/ATen.h>

#include <functional>
#include <numeric>
#include <utility>

namespace thalweg::nn {

std::int64_t ParameterInfo::numel() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t Network::dimension() const {
  return parameters_.empty() ? 0 : parameters_.back().offset + parameters_.back().numel();
}

std::size_t Network::add_parameter(std::string name, std::vector<std::int64_t> shape) {
  parameters_.push_back({std::move(name), std::move(shape), dimension()});
  return parameters_.size() - 1;
}

at::Tensor Network::parameter(const at::Tensor& weights, std::size_t index) const {
  const ParameterInfo& info = parameters_[index];
  return weights.narrow(0, info.offset, info.numel()).view(info.shape);
}

}  // namespace thalweg::nn
