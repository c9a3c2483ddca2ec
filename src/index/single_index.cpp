#include "index/single_index.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/hermite/expansion.hpp"

namespace thalweg::index {
namespace {

constexpr int kHighestOrder = 12;
constexpr double kZero = 1e-6;  // coefficients below are zero: the one rule of all commands

ResponseScale from_link(const estimation::Target& target) {
  const auto response = [&](std::span<const double> z, std::span<double> y) {
    target.link->evaluate(z, y);
    if (target.label_transform) std::ranges::transform(y, y.begin(), target.label_transform);
  };
  auto expansion = hermite::expand(
      response, {.max_order = kHighestOrder, .breakpoints = target.link->breakpoints()});
  const double mean = expansion.coefficients[0];
  const double deviation = std::sqrt(std::max(expansion.second_moment - mean * mean, 0.0));
  expansion.coefficients[0] = 0;
  if (deviation > 0) {
    for (double& c : expansion.coefficients) c /= deviation;
  }
  return {.mean = mean, .deviation = deviation, .coefficients = expansion.coefficients};
}

}  // namespace

double ResponseScale::coefficient(int k) const {
  const auto order = static_cast<std::size_t>(k);
  if (order >= coefficients.size() || std::abs(coefficients[order]) <= kZero) return 0;
  return coefficients[order];
}

ResponseScale response_scale(const estimation::Target& target, VectorView y) {
  ResponseScale scale;
  if (target.link && target.link->variables() == 1) {
    scale = from_link(target);
  } else {
    scale.mean = y.mean();
    scale.deviation = std::sqrt((y.array() - scale.mean).square().mean());
  }
  if (!std::isfinite(scale.mean) || !std::isfinite(scale.deviation)) {
    throw NonFinite("response", "is not finite in every row; transform or drop such rows.");
  }
  if (scale.deviation <= 1e-12 * std::max(1.0, std::abs(scale.mean))) {
    throw InvalidArgument("response", "does not vary, so that no direction can drive it.");
  }
  return scale;
}

std::vector<double> attracting_signs(const ResponseScale& scale, int order) {
  if (order % 2 == 1) return {1.0};
  const double c = scale.coefficient(order);
  if (c == 0) return {1.0, -1.0};
  return {std::copysign(1.0, c)};
}

void check_single_index(const std::string& method,
                        const estimation::Target& target,
                        int dimension) {
  if (target.directions != 1) {
    throw InvalidArgument(
        method, fmt::format("finds one direction; {} were asked for.", target.directions));
  }
  if (target.order < 1 || target.order > 12) {
    throw InvalidArgument(method, fmt::format("works at orders 1 to 12; got {}.", target.order));
  }
  if (dimension < 4) {
    throw InvalidArgument(method, fmt::format("needs four columns or more; got {}.", dimension));
  }
}

}  // namespace thalweg::index
