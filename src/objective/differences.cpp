#include "thalweg/objective/differences.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/ATen.h>

namespace thalweg::objective {
namespace {

/// D^3 L(v, v) for v of any length, by a step of length `step` along it.
at::Tensor second_difference(Objective& objective,
                             const at::Tensor& weights,
                             const at::Tensor& gradient,
                             const at::Tensor& v,
                             double step) {
  const double length = v.norm().item<double>();
  const double t = step / length;  // w +- t v
  const at::Tensor plus = objective.at(at::add(weights, v, t))->gradient();
  const at::Tensor minus = objective.at(at::add(weights, v, -t))->gradient();
  return (plus + minus).sub_(gradient, 2).mul_(1 / (t * t));
}

constexpr double kLargestStep = 0.06;  // of |w|, about the size of an oscillation at the edge

/// Whether the first few changes fall fast enough for a smooth loss, or are at the level of
/// rounding from the start. Kinks crossed by steps of this size make them level off instead: their
/// number falls with the step as fast as their share grows.
bool falls_like_a_square(const std::vector<double>& changes) {
  constexpr double kRounding = 3e-3;
  constexpr std::size_t kFirst = 1,
                        kLast = 4;  // the largest step may be beyond the reach of Taylor's series
  if (!(changes[kFirst] > kRounding)) return changes[kFirst] <= kRounding;
  return changes[kLast] < kRounding || changes[kLast] < changes[kFirst] / 8;  // 64 in theory
}

/// Whether the second difference over a large step is no more than rounding makes of gradients: a
/// quadratic, for which every step is as good.
bool vanishes(Objective& objective,
              const at::Tensor& weights,
              const at::Tensor& gradient,
              const at::Tensor& v,
              double step) {
  const double epsilon = weights.scalar_type() == at::kFloat ? 6e-8 : 1.1e-16;
  const double t = step / v.norm().item<double>();
  const at::Tensor there = objective.at(at::add(weights, v, t))->gradient();
  const double size = gradient.norm().item<double>() + there.norm().item<double>();
  const at::Tensor difference = second_difference(objective, weights, gradient, v, step);
  return difference.norm().item<double>() <= 16 * epsilon * size / (t * t);
}

}  // namespace

at::Tensor third_derivative_by_differences(Objective& objective,
                                           const at::Tensor& weights,
                                           const at::Tensor& gradient,
                                           const at::Tensor& u,
                                           double step) {
  const at::NoGradGuard no_grad;
  const std::int64_t k = u.size(1);
  // Between vectors of very different lengths the polarisation below would lose the shorter one.
  const at::Tensor lengths = u.norm(2, 0);
  const at::Tensor unit = u / lengths;
  std::vector<at::Tensor> diagonal;
  for (std::int64_t i = 0; i < k; ++i) {
    diagonal.push_back(second_difference(objective, weights, gradient, unit.select(1, i), step));
  }
  at::Tensor result = at::empty({k * (k + 1) / 2, weights.size(0)}, weights.options());
  std::int64_t row = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    result.select(0, row++).copy_(diagonal[i] * lengths[i].square());
    for (std::int64_t j = i + 1; j < k; ++j) {
      const at::Tensor sum = unit.select(1, i) + unit.select(1, j);
      const at::Tensor both = second_difference(objective, weights, gradient, sum, step);
      result.select(0, row++).copy_(
          (both - diagonal[i] - diagonal[j]).mul_(0.5 * lengths[i] * lengths[j]));
    }
  }
  return result;
}

DifferenceStep calibrate_difference_step(Objective& objective,
                                         const at::Tensor& weights,
                                         const at::Tensor& gradient,
                                         const at::Tensor& u) {
  const at::NoGradGuard no_grad;
  const double scale = std::max(weights.norm().item<double>(), 4e-2);
  if (vanishes(objective, weights, gradient, u, kLargestStep * scale)) {
    return {.step = kLargestStep * scale, .relative_error = 0};
  }
  const double smallest = (weights.scalar_type() == at::kFloat ? 5e-4 : 1e-5) * scale;
  DifferenceStep best{.relative_error = std::numeric_limits<double>::infinity()};
  std::vector<double> changes;  // |Q(e) - Q(e/2)| / |Q(e/2)| from the largest step down
  at::Tensor coarse;
  for (double step = kLargestStep * scale; step > smallest; step /= 2) {
    const at::Tensor fine = second_difference(objective, weights, gradient, u, step);
    if (coarse.defined()) {
      changes.push_back((coarse - fine).norm().item<double>() / fine.norm().item<double>());
      if (changes.back() < best.relative_error) {
        best = {.step = 2 * step, .relative_error = changes.back()};
      }
    }
    coarse = fine;
  }
  best.kinks = !falls_like_a_square(changes);
  return best;
}

}  // namespace thalweg::objective
