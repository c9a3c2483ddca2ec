#include "initialization.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace thalweg::nn {

InitialValues constant(double value) {
  return [value](std::span<double> values, Key) { std::ranges::fill(values, value); };
}

InitialValues uniform(double bound) {
  return [bound](std::span<double> values, Key key) {
    fill_uniform(values, key);
    for (double& value : values) value = bound * (2 * value - 1);
  };
}

InitialValues normal(double deviation) {
  return [deviation](std::span<double> values, Key key) {
    fill_normal(values, key);
    for (double& value : values) value *= deviation;
  };
}

InitialValues scaled(InitialValues values, double factor) {
  return [values = std::move(values), factor](std::span<double> out, Key key) {
    values(out, key);
    for (double& value : out) value *= factor;
  };
}

InitialValues xavier(std::int64_t inputs, std::int64_t outputs) {
  return uniform(std::sqrt(6 / static_cast<double>(inputs + outputs)));
}

InitialValues fan_in(std::int64_t inputs) {
  return uniform(1 / std::sqrt(static_cast<double>(inputs)));
}

void fill(const at::Tensor& weights,
          const ParameterInfo& info,
          const InitialValues& values,
          Key key) {
  values({weights.data_ptr<double>() + info.offset, static_cast<std::size_t>(info.numel())},
         key.with(info.name));
}

}  // namespace thalweg::nn
