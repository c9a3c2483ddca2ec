#include "thalweg/index/chain_racers.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "index/single_index.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/estimator_names.hpp"
#include "thalweg/index/reduced_chain.hpp"
#include "thalweg/index/smoothing.hpp"

namespace thalweg::index {
namespace {

constexpr int kLanes = 16;  // chains that advance side by side

bool is_smoothed(const std::string& name) {
  if (std::ranges::find(kChainNames, name) == kChainNames.end())
    throw InvalidArgument("method", fmt::format("there is no chain called '{}'.", name));
  return name == "smoothed-sgd-chain";
}

SmoothedSgdOptions sgd_options(const MethodOptions& chosen, bool smoothed) {
  return {.radius = smoothed ? chosen.radius : SmoothedSgdOptions::Radius::kNone,
          .radius_exponent = chosen.radius_exponent};
}

ReducedChainOptions chain_options(const estimation::Target& target,
                                  estimation::Noise noise,
                                  const MethodOptions& chosen,
                                  int dimension,
                                  bool smoothed) {
  const int k = target.order;
  const auto scale = response_scale(target, Vector());  // from the link
  ReducedChainOptions options{.dimension = dimension,
                              .link = target.link,
                              .noise = noise,
                              .student = hermite_student(k),
                              .radius = first_radius(sgd_options(chosen, smoothed), k, dimension)};
  if (scale.coefficient(k) < 0) options.student.back() = -1;
  options.learning_rate = default_learning_rate(k, dimension, options.radius, 1, chosen.rate_scale);
  options.label_transform = [scale, transform = target.label_transform](double y) {
    return scale.standardise(transform ? transform(y) : y);
  };
  return options;
}

}  // namespace

estimation::Racer chain_racer(const std::string& name,
                              const estimation::Target& target,
                              estimation::Noise noise,
                              const MethodOptions& chosen) {
  if (!target.link || target.link->variables() != 1)
    throw InvalidArgument(name, "needs a link in one variable.");
  const bool smoothed = is_smoothed(name);
  const auto attempt = [=](int dimension,
                           std::span<const std::int64_t> samples,
                           std::span<const Key> keys) {
    auto options = chain_options(target, noise, chosen, dimension, smoothed);
    options.steps = samples.back();
    const std::vector<double> starts(keys.size(), 1 / std::sqrt(static_cast<double>(dimension)));
    std::vector<std::vector<double>> overlaps2;
    for (const auto& path : reduced_chain(options, starts, samples, keys[0].with(name))) {
      overlaps2.emplace_back();
      for (const double alpha : path.overlaps) overlaps2.back().push_back(alpha * alpha);
    }
    return overlaps2;
  };
  return {.attempt = attempt, .problems_at_once = kLanes};
}

}  // namespace thalweg::index
