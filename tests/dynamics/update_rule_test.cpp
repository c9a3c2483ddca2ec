#include "thalweg/dynamics/update_rule.hpp"

#include <cmath>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "support/reference_losses.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::dynamics {
namespace {

using testing::vector;

UpdateRule rule_of(const char* name, UpdateRuleOptions options) {
  return UpdateRule(optimizer_named(name, options));
}

const UpdateRuleOptions kAllFeatures = {.learning_rate = 0.03,
                                        .beta1 = 0.8,
                                        .beta2 = 0.95,
                                        .epsilon = 1e-3,
                                        .bias_correction = true,
                                        .schedule = Schedule::parse("linear-warmup:7")};

class EveryOptimizer : public ::testing::TestWithParam<const char*> {};

// What each optimizer's textbook says, step by step.
TEST_P(EveryOptimizer, EqualsANaiveLoop) {
  const std::string name = GetParam();
  const auto& o = kAllFeatures;
  const UpdateRule rule = rule_of(GetParam(), o);
  const testing::Net1 net;
  const auto objective = testing::make_objective(73, net);
  at::Tensor w = net.initial_weights(), naive = w.clone();
  at::Tensor nu = at::zeros({73}, at::kDouble), m = at::zeros({73}, at::kDouble);
  double scalar_nu = 0;
  OptimizerState state;
  for (int t = 1; t <= 12; ++t) {
    state = rule.update(state, objective->at(w)->gradient());
    w = w + rule.step(state, objective->at(w)->gradient());

    const at::Tensor g = objective->at(naive)->gradient();
    const double eta = o.learning_rate * std::min(1.0, t / 7.0);
    const double c1 = 1 - std::pow(o.beta1, t), c2 = 1 - std::pow(o.beta2, t);
    nu = o.beta2 * nu + (1 - o.beta2) * g * g;
    scalar_nu = o.beta2 * scalar_nu + (1 - o.beta2) * (g * g).sum().item<double>();
    if (name == "gd") naive = naive - eta * g;
    if (name == "scalar-rmsprop") naive = naive - eta / (std::sqrt(scalar_nu / c2) + o.epsilon) * g;
    if (name == "rmsprop") naive = naive - eta * g / ((nu / c2).sqrt() + o.epsilon);
    if (name == "momentum") {
      m = o.beta1 * m + g;
      naive = naive - eta * m;
    }
    if (name == "adam") {
      m = o.beta1 * m + (1 - o.beta1) * g;
      naive = naive - eta * (m / c1) / ((nu / c2).sqrt() + o.epsilon);
    }
    EXPECT_LT((w - naive).norm().item<double>(), 1e-13) << t;
  }
}

// On a quadratic the iterates start to grow where the effective sharpness passes edge().
TEST_P(EveryOptimizer, OscillatesBeyondItsEdge) {
  UpdateRuleOptions options{
      .beta1 = 0.6, .beta2 = 1 - 1e-12, .epsilon = 1};  // nu stays 0: M = 1/eta
  const auto growth = [&](double factor) {
    options.learning_rate = 1;
    options.learning_rate = factor * rule_of(GetParam(), options).edge();  // of sharpness 1
    const UpdateRule rule = rule_of(GetParam(), options);
    at::Tensor w = vector({1});
    OptimizerState state;
    for (int t = 0; t < 4000 && w.abs().item<double>() < 1e2; ++t) {
      state = rule.update(state, w);
      w = w + rule.step(state, w);
    }
    return w.abs().item<double>();
  };
  EXPECT_LT(growth(0.99), 1e-3);
  EXPECT_GT(growth(1.01), 1e1);
}

TEST_P(EveryOptimizer, SensitivityAndDriftAreDerivativesOfThePreconditioner) {
  const UpdateRule rule = rule_of(GetParam(), kAllFeatures);
  const at::Tensor g = vector({.3, -.2, .7});
  OptimizerState state;
  for (int t = 0; t < 3; ++t) state = rule.update(state, (1 + t) * g);
  const at::Tensor ones = vector({1, 1, 1});
  const auto m_of = [&](const OptimizerState& s) { return rule.preconditioner(s).times(ones); };
  const double h = 1e-6;
  const auto at_time = [&](double time) {
    OptimizerState moved = state;
    moved.time = time;
    return m_of(moved);
  };
  const at::Tensor drift = (at_time(state.time + h) - at_time(state.time - h)) / (2 * h);
  EXPECT_LT((rule.drift(state) * ones - drift).abs().max().item<double>(),
            1e-6 * drift.abs().max().item<double>());
  if (!state.second_moment.defined()) return;
  const auto at_nu = [&](double factor) {
    OptimizerState moved = state;
    moved.second_moment = state.second_moment * factor;
    return m_of(moved);
  };
  const at::Tensor slope = (at_nu(1 + h) - at_nu(1 - h)) / (2 * h) / state.second_moment;
  EXPECT_LT((rule.sensitivity(state) * ones - slope).abs().max().item<double>(),
            1e-6 * slope.abs().max().item<double>());
}

TEST_P(EveryOptimizer, StateSurvivesACheckpoint) {
  const UpdateRule rule = rule_of(GetParam(), kAllFeatures);
  const OptimizerState state = rule.update({}, vector({.3, -.2, .7}));
  const OptimizerState back = optimizer_state_from(to_arrays(state), at::kCPU);
  EXPECT_EQ(back.time, 1);
  EXPECT_EQ(back.second_moment.defined(), state.second_moment.defined());
  EXPECT_TRUE(at::equal(rule.step(back, vector({1, 2, 3})), rule.step(state, vector({1, 2, 3}))));
}

INSTANTIATE_TEST_SUITE_P(Optimizers,
                         EveryOptimizer,
                         ::testing::Values("gd", "scalar-rmsprop", "rmsprop", "momentum", "adam"),
                         [](const auto& optimizer) {
                           std::string name = optimizer.param;
                           std::erase(name, '-');
                           return name;
                         });

// nu(t) - nu(t-1) = r (g_t^2 - nu(t)) exactly: the flow's nu is the updated one.
TEST(UpdateRule, TheResponseIsThatOfTheUpdatedAverage) {
  const UpdateRule rule = rule_of("scalar-rmsprop", {.beta2 = 0.9});
  const OptimizerState first = rule.update({}, vector({3, 4})),
                       second = rule.update(first, vector({1, 1}));
  const double before = first.second_moment.item<double>(),
               after = second.second_moment.item<double>();
  EXPECT_NEAR(after - before, rule.response() * (2 - after), 1e-15);
}

TEST(UpdateRule, RefusesValuesOutOfRange) {
  const auto message = [](UpdateRuleOptions options) {
    return testing::message_of<InvalidArgument>([&] { UpdateRule rule(options); });
  };
  EXPECT_NE(message({.learning_rate = 0}).find("--learning-rate"), std::string::npos);
  EXPECT_NE(message({.beta2 = 1}).find("--beta2"), std::string::npos);
  EXPECT_NE(message({.epsilon = -1}).find("--epsilon"), std::string::npos);
  EXPECT_NE(message({.momentum = Momentum::kHeavyBall, .beta1 = 1}).find("--momentum"),
            std::string::npos);
}

TEST(UpdateRule, DescribesItself) {
  EXPECT_EQ(rule_of("rmsprop", {.learning_rate = 0.001}).description(),
            "RMSProp, learning rate 0.001, beta2 0.99");
  EXPECT_EQ(gradient_descent(0.25).description(), "gradient descent, learning rate 0.25");
}

}  // namespace
}  // namespace thalweg::dynamics
