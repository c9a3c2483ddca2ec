#include "thalweg/objective/differences.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

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

}  // namespace

at::Tensor third_derivative_by_differences(Objective& objective,
                                           const at::Tensor& weights,
                                           const at::Tensor& gradient,
                                           const at::Tensor& u,
                                           double step) {
  const at::NoGradGuard no_grad;
  const std::int64_t k = u.size(1);
  std::vector<at::Tensor> diagonal;
  for (std::int64_t i = 0; i < k; ++i) {
    diagonal.push_back(second_difference(objective, weights, gradient, u.select(1, i), step));
  }
  at::Tensor result = at::empty({k * (k + 1) / 2, weights.size(0)}, weights.options());
  std::int64_t row = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    result.select(0, row++).copy_(diagonal[i]);
    for (std::int64_t j = i + 1; j < k; ++j) {
      const at::Tensor sum = u.select(1, i) + u.select(1, j);
      const at::Tensor both = second_difference(objective, weights, gradient, sum, step);
      result.select(0, row++).copy_((both - diagonal[i] - diagonal[j]).mul_(0.5));
    }
  }
  return result;
}

DifferenceStep calibrate_difference_step(Objective& objective,
                                         const at::Tensor& weights,
                                         const at::Tensor& gradient,
                                         const at::Tensor& u) {
  const at::NoGradGuard no_grad;
  const bool single = weights.scalar_type() == at::kFloat;
  const double scale = std::max(weights.norm().item<double>() / 4, 1e-2);
  const double usual = (single ? 3e-2 : 3e-4) * scale;
  DifferenceStep best{.step = usual, .relative_error = std::numeric_limits<double>::infinity()};
  at::Tensor coarse;
  for (double step = 8 * usual; step > usual / 16; step /= 2) {
    const at::Tensor fine = second_difference(objective, weights, gradient, u, step);
    if (coarse.defined()) {
      const double error = (coarse - fine).norm().item<double>() / fine.norm().item<double>();
      if (error < best.relative_error) best = {.step = 2 * step, .relative_error = error};
    }
    coarse = fine;
  }
  return best;
}

}  // namespace thalweg::objective
