#include "thalweg/dynamics/stable_flow.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/reference_losses.hpp"

namespace thalweg::dynamics {
namespace {

using testing::make_objective;
using testing::vector;

// A constant gradient: nu(t) = g^2 + (nu(0) - g^2) exp(-r t), nu(0) = (1 - beta2) g^2.
TEST(StableFlow, RelaxesTheSecondMoment) {
  const auto objective = make_objective(
      2, [](const at::Tensor& w) { return .5 * w[0] - 2 * w[1] + 0 * w.square().sum(); });
  const UpdateRule rule(optimizer_named("rmsprop", {.learning_rate = .1, .beta2 = .9}));
  StableFlow flow(*objective, rule, vector({0, 0}), {.minimum_substeps = 64});
  for (int t = 0; t < 10; ++t) flow.step(true);
  const double expected = .25 * (1 - .9 * std::exp(-10.0 / 9));
  EXPECT_NEAR(flow.optimizer().second_moment[0].item<double>(), expected, 2e-3 * expected);
}

TEST(StableFlow, IsGradientFlowForGradientDescent) {
  const auto objective =
      make_objective(2, [](const at::Tensor& w) { return .5 * (w[0] * w[0] + 4 * w[1] * w[1]); });
  StableFlow flow(*objective, gradient_descent(.1), vector({1, 1}), {.minimum_substeps = 256});
  for (int t = 0; t < 10; ++t) flow.step(true);
  EXPECT_NEAR(flow.weights()[0].item<double>(), std::exp(-1.0), 1e-3);
  EXPECT_NEAR(flow.weights()[1].item<double>(), std::exp(-4.0), 1e-3);
}

TEST(StableFlow, StopsForGoodAtItsLimit) {
  const auto objective =
      make_objective(1, [](const at::Tensor& w) { return 30 * w.square().sum(); });
  StableFlow flow(*objective, gradient_descent(2), vector({1}), {.limit = 100});
  flow.step(true);
  EXPECT_TRUE(flow.stopped());
}

}  // namespace
}  // namespace thalweg::dynamics
