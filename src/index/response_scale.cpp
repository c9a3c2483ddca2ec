#include "index/response_scale.hpp"

#include <algorithm>
#include <cmath>

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

ResponseScale from_rows(const estimation::SampleSource& source,
                        const estimation::Target& target,
                        std::int64_t rows) {
  Matrix x(rows, source.dimension());
  Vector y(rows);
  source.read(0, x, y);
  if (target.label_transform) y = y.unaryExpr(target.label_transform);
  const double mean = y.mean();
  return {.mean = mean, .deviation = std::sqrt((y.array() - mean).square().mean())};
}

}  // namespace

double ResponseScale::coefficient(int k) const {
  const auto order = static_cast<std::size_t>(k);
  if (order >= coefficients.size() || std::abs(coefficients[order]) <= kZero) return 0;
  return coefficients[order];
}

ResponseScale response_scale(const estimation::SampleSource& source,
                             const estimation::Target& target,
                             std::int64_t rows) {
  const bool known = target.link && target.link->variables() == 1;
  const auto scale = known ? from_link(target) : from_rows(source, target, rows);
  if (!std::isfinite(scale.mean) || !std::isfinite(scale.deviation)) {
    throw NonFinite("response", "is not finite in every row; transform or drop such rows.");
  }
  if (scale.deviation <= 1e-12 * std::max(1.0, std::abs(scale.mean))) {
    throw InvalidArgument("response", "does not vary, so that no direction can drive it.");
  }
  return scale;
}

}  // namespace thalweg::index
