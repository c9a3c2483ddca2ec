#pragma once

// Training losses with known answers, shared by the tests of objective and dynamics.

#include <cmath>
#include <memory>
#include <vector>

#include <ATen/ATen.h>

#include "thalweg/objective/autograd_objective.hpp"
#include "thalweg/objective/batch_loss.hpp"

namespace thalweg::testing {

/// 2 frac(k^2 sqrt(c)) - 1 for k = 1..n: numbers on [-1, 1) that anybody can make again.
inline at::Tensor weyl_numbers(int n, double c) {
  at::Tensor u = at::empty({n}, at::kDouble);
  for (int k = 1; k <= n; ++k) {
    const double x = static_cast<double>(k) * k * std::sqrt(c);
    u.data_ptr<double>()[k - 1] = 2 * (x - std::floor(x)) - 1;
  }
  return u;
}

/// tanh network 4-12-1 on 32 points with squared error: 73 weights, W1 (12, 4), b1, W2, b2.
struct Net1 {
  at::Tensor x = weyl_numbers(128, 2).view({32, 4});
  at::Tensor y = at::sin(2 * x.select(1, 0)) + x.select(1, 1) * x.select(1, 2);

  at::Tensor operator()(const at::Tensor& w) const {
    const at::Tensor w1 = w.narrow(0, 0, 48).view({12, 4}), b1 = w.narrow(0, 48, 12);
    const at::Tensor w2 = w.narrow(0, 60, 12).view({12, 1}), b2 = w.narrow(0, 72, 1);
    const at::Tensor inputs = x.to(w.scalar_type()), targets = y.to(w.scalar_type());
    const at::Tensor f = at::mm(at::tanh(at::mm(inputs, w1.t()) + b1), w2) + b2;
    return (f.squeeze(1) - targets).square().sum() / 64;
  }

  at::Tensor initial_weights() const {
    at::Tensor w = weyl_numbers(73, 3);
    w.narrow(0, 0, 48).mul_(std::sqrt(3.0 / 4));
    w.narrow(0, 48, 12).zero_();
    w.narrow(0, 60, 12).mul_(std::sqrt(3.0 / 12));
    w.narrow(0, 72, 1).zero_();
    return w;
  }
};

/// An objective from a function of the weights, in double on the CPU.
template <typename Function>
std::unique_ptr<objective::AutogradObjective> make_objective(std::int64_t dimension,
                                                             Function function,
                                                             at::ScalarType type = at::kDouble) {
  return std::make_unique<objective::AutogradObjective>(
      objective::function_loss(dimension, std::move(function)), at::TensorOptions().dtype(type));
}

inline at::Tensor vector(std::vector<double> values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kDouble));
}

}  // namespace thalweg::testing
