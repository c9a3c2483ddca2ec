#include "thalweg/nn/network.hpp"

#include <functional>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"

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

ParameterTensors split_parameters(const at::Tensor& weights,
                                  const std::vector<ParameterInfo>& layout) {
  const std::int64_t dimension = layout.empty() ? 0 : layout.back().offset + layout.back().numel();
  if (weights.dim() != 1 || weights.size(0) != dimension) {
    throw InvalidArgument(
        "nn::split_parameters",
        fmt::format(
            "the weights must be ({}); got {}.", dimension, shape_text(weights.sizes().vec())));
  }
  ParameterTensors tensors;
  for (const ParameterInfo& info : layout) {
    tensors.push_back(weights.narrow(0, info.offset, info.numel()).view(info.shape));
  }
  return tensors;
}

}  // namespace thalweg::nn
