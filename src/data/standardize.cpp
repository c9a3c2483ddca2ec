#include "data/standardize.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "thalweg/base/error.hpp"

namespace thalweg::data {
namespace {

/// Inputs (n, c, ...) seen as examples x channels x pixels.
struct Layout {
  std::size_t examples;
  std::size_t channels;
  std::size_t pixels;

  explicit Layout(const std::vector<std::int64_t>& shape)
      : examples(static_cast<std::size_t>(shape[0])),
        channels(static_cast<std::size_t>(shape[1])),
        pixels(1) {
    for (std::size_t axis = 2; axis < shape.size(); ++axis)
      pixels *= static_cast<std::size_t>(shape[axis]);
  }
  double values_per_channel() const { return static_cast<double>(examples * pixels); }
};

/// Calls visit(channel, value) for every value, in the order of memory.
template <typename T, typename Visit>
void for_each_value(std::span<T> values, const Layout& layout, Visit visit) {
  T* value = values.data();
  for (std::size_t example = 0; example < layout.examples; ++example)
    for (std::size_t channel = 0; channel < layout.channels; ++channel)
      for (std::size_t pixel = 0; pixel < layout.pixels; ++pixel) visit(channel, *value++);
}

/// Means, summed relative to the first value of each channel: a constant channel then has exactly
/// its value as mean, and exactly zero variance.
template <typename T>
std::vector<double> channel_means(std::span<T> values, const Layout& layout) {
  std::vector<double> origin(layout.channels);
  for (std::size_t channel = 0; channel < layout.channels; ++channel)
    origin[channel] = values[channel * layout.pixels];
  std::vector<double> mean(layout.channels);
  for_each_value(values, layout, [&](std::size_t c, T value) { mean[c] += value - origin[c]; });
  for (std::size_t c = 0; c < layout.channels; ++c)
    mean[c] = origin[c] + mean[c] / layout.values_per_channel();
  return mean;
}

template <typename T>
std::vector<double> channel_deviations(std::span<T> values,
                                       const Layout& layout,
                                       const std::vector<double>& mean) {
  std::vector<double> deviation(layout.channels);
  for_each_value(values, layout, [&](std::size_t c, T value) {
    deviation[c] += (value - mean[c]) * (value - mean[c]);
  });
  for (double& d : deviation) d = std::sqrt(d / layout.values_per_channel());
  return deviation;
}

void check_finite(const std::vector<double>& deviation, const std::string& name) {
  for (std::size_t c = 0; c < deviation.size(); ++c)
    if (!std::isfinite(deviation[c]))
      throw BadInput(name,
                     fmt::format("channel (column) {} of the inputs has values too large to "
                                 "standardise. Rescale it, or switch standardising off.",
                                 c));
}

template <typename T>
ChannelStatistics statistics_of(std::span<T> values, const Layout& layout) {
  ChannelStatistics statistics{.mean = channel_means(values, layout), .deviation = {}};
  statistics.deviation = channel_deviations(values, layout, statistics.mean);
  return statistics;
}

template <typename T>
void apply(std::span<T> values, const Layout& layout, const ChannelStatistics& statistics) {
  for_each_value(values, layout, [&](std::size_t c, T& value) {
    const double centred = value - statistics.mean[c];
    const double deviation = statistics.deviation[c];
    value = static_cast<T>(deviation == 0 ? centred : centred / deviation);
  });
}

}  // namespace

ChannelStatistics standardize(NdArray& inputs, const std::string& name) {
  const Layout layout(inputs.shape());
  const ChannelStatistics statistics = inputs.dtype() == DType::kFloat64
                                           ? statistics_of(inputs.as<double>(), layout)
                                           : statistics_of(inputs.as<float>(), layout);
  check_finite(statistics.deviation, name);
  standardize_by(inputs, statistics);
  return statistics;
}

void standardize_by(NdArray& inputs, const ChannelStatistics& statistics) {
  const Layout layout(inputs.shape());
  if (inputs.dtype() == DType::kFloat64)
    apply(inputs.as<double>(), layout, statistics);
  else
    apply(inputs.as<float>(), layout, statistics);
}

}  // namespace thalweg::data
