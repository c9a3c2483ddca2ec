#include "thalweg/dynamics/rod_flow.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/reference_losses.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/dynamics/discrete_run.hpp"

namespace thalweg::dynamics {
namespace {

using testing::make_objective;
using testing::Net1;
using testing::vector;

UpdateRule rmsprop(double rate, double beta2) {
  return UpdateRule(optimizer_named("rmsprop", {.learning_rate = rate, .beta2 = beta2}));
}

// A reference program of the same equations ended .026 from the midpoints, the central flow .032.
TEST(RodFlow, EndsNearTheMidpointsOfTheRun) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  const UpdateRule rule = gradient_descent(0.8);
  RodFlow rod(*objective, rule, net.initial_weights(), {.key = Key{3}});
  DiscreteRun run(*objective, rule, net.initial_weights(), {});
  for (int t = 0; t < 249; ++t) {
    rod.step(true);
    run.step(false, true);
  }
  run.step(false, true);
  EXPECT_LT((rod.weights() - run.midpoint()).norm().item<double>(), 0.04);
}

// In one dimension RMSProp ends in an oscillation of amplitude eta/2, whatever the curvature.
TEST(RodFlow, FindsTheAmplitudeOfRmsProp) {
  const double curvature = 3, eta = 0.02;
  const auto objective =
      make_objective(1, [=](const at::Tensor& w) { return .5 * curvature * w.square().sum(); });
  RodFlow rod(*objective, rmsprop(eta, .9), vector({.1}), {.substeps = 8});
  for (int t = 0; t < 2000; ++t) rod.step(true);
  EXPECT_NEAR(rod.half_length().abs().item<double>(), eta / 2, 1e-5);
  EXPECT_NEAR(rod.weights().item<double>(), 0, 1e-6);
}

TEST(RodFlow, PredictsTheAveragesOverItsEnds) {
  const auto objective =
      make_objective(2, [](const at::Tensor& w) { return .5 * (w[0] * w[0] + 3 * w[1] * w[1]); });
  RodFlow rod(*objective, gradient_descent(.5), vector({1, 1}), {});
  const at::Tensor h = -.25 * vector({1, 3}), c = vector({1, 1}) + h;
  const FlowState state = rod.step(false);
  const auto plus = objective->at(c + h), minus = objective->at(c - h);
  EXPECT_DOUBLE_EQ(state.predicted_loss, (plus->loss() + minus->loss()) / 2);
  EXPECT_NEAR(state.sigma_trace, h.square().sum().item<double>(), 1e-15);
  EXPECT_NEAR(state.variances.at(0), h.square().sum().item<double>() / .5, 1e-15);
}

TEST(RodFlow, ResumesWithTheSameBits) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  RodFlow rod(*objective, rmsprop(.01, .9), net.initial_weights(), {.key = Key{3}});
  for (int t = 0; t < 10; ++t) rod.step(true);
  RodFlow resumed(*objective, rmsprop(.01, .9), net.initial_weights(), {.key = Key{3}});
  resumed.set_state(rod.state());
  for (int t = 0; t < 10; ++t) {
    rod.step(true);
    resumed.step(true);
  }
  EXPECT_TRUE(at::equal(rod.weights(), resumed.weights()));
}

TEST(RodFlow, RefusesMomentum) {
  const auto objective = make_objective(1, [](const at::Tensor& w) { return w.square().sum(); });
  const UpdateRule rule(optimizer_named("momentum", {.beta1 = .9}));
  EXPECT_THROW(RodFlow(*objective, rule, vector({1}), {}), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::dynamics
