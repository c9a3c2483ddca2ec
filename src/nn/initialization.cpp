#include "initialization.hpp"

#include <span>

namespace thalweg::nn {

void fill_uniform(const at::Tensor& weights, const ParameterInfo& info, double bound, Key key) {
  const std::span<double> values(weights.data_ptr<double>() + info.offset,
                                 static_cast<std::size_t>(info.numel()));
  thalweg::fill_uniform(values, key.with(info.name));
  for (double& value : values) value = bound * (2 * value - 1);
}

}  // namespace thalweg::nn
