#include "thalweg/dynamics/flow_comparison.hpp"

#include <cmath>
#include <filesystem>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include "support/reference_losses.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/dynamics/flow_summary.hpp"

namespace thalweg::dynamics {
namespace {

using testing::make_objective;
using testing::Net1;

run::Recorder new_recorder() {
  return run::Recorder(std::filesystem::temp_directory_path() /
                       fmt::format("thalweg-{}.h5", getpid()));
}

FlowComparisonOptions options_for(std::int64_t steps) {
  FlowComparisonOptions options;
  options.steps = steps;
  options.central_flow.tracker.tolerance = 1e-7;
  options.stable_flow.tracker.tolerance = 1e-7;
  options.tracker.tolerance = 1e-7;
  return options;
}

struct Net1Comparison {
  explicit Net1Comparison(FlowComparisonOptions options)
      : comparison(*objective, rule, net.initial_weights(), std::move(options), recorder) {}
  void run() {
    while (!comparison.finished()) comparison.step();
  }
  double value(const std::string& path, std::int64_t row) const {
    return recorder.find(path)->at(row);
  }

  Net1 net;
  std::unique_ptr<objective::AutogradObjective> objective = make_objective(73, net);
  UpdateRule rule = gradient_descent(0.8);
  run::Recorder recorder = new_recorder();
  FlowComparison comparison;
};

// The sheet's measurement on this network: central-midpoint .033, stable-midpoint 1.43 at step 249.
TEST(FlowComparison, CentralFlowTracksTheRunAndTheStableFlowLeavesIt) {
  Net1Comparison net(options_for(250));
  net.run();
  EXPECT_LT(net.value("distances/central-midpoint", 249), 0.05);
  EXPECT_GT(net.value("distances/midpoint-stable", 249), 1.2);
  const auto summary = summarize_flow(net.recorder, {.steps = 250, .learning_rate = 0.8});
  EXPECT_EQ(summary["edge"]["first_step_central"], 9);
  EXPECT_EQ(summary["edge"]["directions"], 1);
  EXPECT_NEAR(summary["prediction"]["loss_error"].get<double>(), 0, .2);
  EXPECT_NEAR(summary["prediction"]["gradient_norm2_error"].get<double>(), 0, .2);
  EXPECT_NEAR(summary["prediction"]["variance_ratio"]["total"].get<double>(), 1, .2);
  EXPECT_EQ(summary["processes"]["midpoint"]["steps"], 249);
  EXPECT_EQ(summary["processes"]["central"]["steps"], 250);
  EXPECT_EQ(summary["processes"]["central"]["loss_rises"], 0);
  EXPECT_GT(summary["processes"]["discrete"]["loss_rises"], 10);
  EXPECT_NEAR(summary["processes"]["central"]["largest_sharpness"].get<double>(), 2, .05);
  EXPECT_GT(summary["processes"]["discrete"]["largest_sharpness"],
            summary["processes"]["discrete"]["mean_sharpness"]);
}

TEST(FlowComparison, DiscreteRunEqualsANaiveLoopBitForBit) {
  Net1Comparison net(options_for(40));
  net.run();
  const at::AutoGradMode enable(true);
  at::Tensor w = net.net.initial_weights();
  for (int t = 0; t <= 40; ++t) {
    const at::Tensor leaf = w.detach().requires_grad_();
    const at::Tensor loss = net.net(leaf);
    EXPECT_EQ(net.value("discrete/train_loss", t), loss.item<double>()) << t;
    w = w + -(0.8 * torch::autograd::grad({loss}, {leaf})[0]);
  }
}

class EveryOptimizersRun : public ::testing::TestWithParam<const char*> {};

// The same tensor operations in a loop of their own.
TEST_P(EveryOptimizersRun, EqualsANaiveLoopBitForBit) {
  const std::string name = GetParam();
  const double eta = .02, beta1 = .7, beta2 = .9, epsilon = .01;
  const Net1 net;
  const auto objective = make_objective(73, net);
  const UpdateRule rule(optimizer_named(
      name, {.learning_rate = eta, .beta1 = beta1, .beta2 = beta2, .epsilon = epsilon}));
  FlowComparisonOptions options = options_for(30);
  options.processes = {"discrete"};
  run::Recorder recorder = new_recorder();
  FlowComparison comparison(*objective, rule, net.initial_weights(), options, recorder);
  while (!comparison.finished()) comparison.step();

  const at::AutoGradMode enable(true);
  at::Tensor w = net.initial_weights(), m = at::zeros_like(w);
  at::Tensor nu = at::zeros({name == "scalar-rmsprop" ? 1 : 73}, at::kDouble);
  for (int t = 0; t <= 30; ++t) {
    const at::Tensor leaf = w.detach().requires_grad_();
    const at::Tensor loss = net(leaf);
    EXPECT_EQ(recorder.find("discrete/train_loss")->at(t), loss.item<double>()) << t;
    const at::Tensor g = torch::autograd::grad({loss}, {leaf})[0];
    const at::Tensor square = name == "scalar-rmsprop" ? (g * g).sum(-1, true) : g * g;
    nu = nu + (1 - beta2) * (square - nu);
    const at::Tensor scale = (nu.sqrt() + epsilon) / eta;
    m = beta1 * m + (name == "adam" ? 1 - beta1 : 1.0) * g;
    if (name == "gd") w = w - g * eta;
    if (name == "scalar-rmsprop") w = w - g * (eta / (nu.sqrt() + epsilon).item<double>());
    if (name == "rmsprop") w = w - g / scale;
    if (name == "momentum") w = w - m * eta;
    if (name == "adam") w = w - m / scale;
  }
}

INSTANTIATE_TEST_SUITE_P(FlowComparison,
                         EveryOptimizersRun,
                         ::testing::Values("gd", "scalar-rmsprop", "rmsprop", "momentum", "adam"));

TEST(FlowComparison, MidpointsAreThoseOfTheRun) {
  Net1Comparison net(options_for(3));
  net.run();
  std::vector<at::Tensor> w = {net.net.initial_weights()};
  for (int t = 0; t < 3; ++t) w.push_back(w[t] - 0.8 * net.objective->at(w[t])->gradient());
  EXPECT_EQ(net.value("midpoint/train_loss", 0), net.value("discrete/train_loss", 0));
  EXPECT_EQ(net.value("midpoint/train_loss", 2),
            net.objective->at((w[1] + 2 * w[2] + w[3]) / 4)->loss());
}

TEST(FlowComparison, ResumesBitForBit) {
  Net1Comparison whole(options_for(30)), first(options_for(30));
  whole.run();
  for (int t = 0; t < 14; ++t) first.comparison.step();
  Net1Comparison second(options_for(30));
  second.comparison.set_state(first.comparison.state());
  second.run();
  for (const auto& [path, series] : whole.recorder.series()) {
    if (path.ends_with("seconds") || path == "measured_variances") continue;
    const run::Series* resumed = second.recorder.find(path);
    ASSERT_NE(resumed, nullptr) << path;
    for (std::int64_t t = 14; t < series.rows; ++t) {
      for (std::int64_t i = 0; i < std::min(series.columns, resumed->columns); ++i) {
        const double a = series.at(t, i), b = resumed->at(t, i);
        EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b)))
            << path << " " << t << " " << a << " " << b;
      }
    }
  }
}

/// Scalar RMSProp on the small network, at the edge from step 10 on.
std::unique_ptr<run::Recorder> adaptive_run(const std::vector<std::string>& processes,
                                            int interrupted_after = -1) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  const UpdateRule rule(optimizer_named("scalar-rmsprop", {.learning_rate = .6, .beta2 = .9}));
  FlowComparisonOptions options = options_for(30);
  options.processes = processes;
  auto recorder = std::make_unique<run::Recorder>(new_recorder());
  auto comparison = std::make_unique<FlowComparison>(
      *objective, rule, net.initial_weights(), options, *recorder);
  while (!comparison->finished()) {
    if (comparison->next_row() == interrupted_after) {
      const NamedArrays state = comparison->state();
      comparison = std::make_unique<FlowComparison>(
          *objective, rule, net.initial_weights(), options, *recorder);
      comparison->set_state(state);
    }
    comparison->step();
  }
  return recorder;
}

void expect_equal(const run::Recorder& a, const run::Recorder& b, const std::string& process) {
  for (const auto& [path, series] : a.series()) {
    if (!path.starts_with(process + "/") || path.ends_with("seconds")) continue;
    const run::Series* other = b.find(path);
    ASSERT_NE(other, nullptr) << path;
    ASSERT_EQ(series.values.size(), other->values.size()) << path;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const double x = series.values[i], y = other->values[i];
      ASSERT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << path << " " << i;
    }
  }
}

// Nothing that one process does is seen by another.
TEST(FlowComparison, OfEveryProcessDoesNotDependOnTheOthers) {
  const std::vector<std::string> all = {
      "discrete", "midpoint", "central", "stable", "rod", "stationary", "ablated"};
  const auto together = adaptive_run(all);
  ASSERT_GT(together->find("central/flow_aux/rank")->at(29), 0) << "nothing oscillates";
  for (const std::string process : {"central", "stable", "rod", "stationary", "ablated"})
    expect_equal(*together, *adaptive_run({process}), process);
  for (const int interrupted : {4, 20}) {
    const auto resumed = adaptive_run(all, interrupted);
    for (const std::string& process : all) expect_equal(*together, *resumed, process);
  }
}

TEST(FlowComparison, WarmStartLetsTheFlowsBeginLater) {
  FlowComparisonOptions options = options_for(12);
  options.warm_start = 5;
  Net1Comparison net(options);
  net.run();
  EXPECT_TRUE(std::isnan(net.value("central/train_loss", 4)));
  EXPECT_EQ(net.value("central/train_loss", 5), net.value("discrete/train_loss", 5));
  EXPECT_EQ(net.value("distances/central-discrete", 5), 0);
}

TEST(FlowComparison, StopsWhereTheRunDiverges) {
  const auto objective = make_objective(2, [](const at::Tensor& w) { return w.square().sum(); });
  const auto rule = gradient_descent(3);
  run::Recorder recorder = new_recorder();
  FlowComparison comparison(*objective, rule, testing::vector({1, 2}), options_for(500), recorder);
  while (!comparison.finished()) comparison.step();
  EXPECT_TRUE(comparison.diverged());
  EXPECT_LT(comparison.next_row(), 30);
  const auto summary =
      summarize_flow(recorder, {.steps = 500, .learning_rate = 3, .diverged = true});
  EXPECT_FALSE(summary["warnings"].empty());
}

// A valley whose walls steepen downstream, from a point where the loss is 0 to rounding: what it
// then comes to says nothing of divergence.
TEST(FlowComparison, GoesOnWhereTheFirstLossIsNothing) {
  const auto objective = make_objective(3, [](const at::Tensor& w) {
    return .5 * (w[1] + w[2]) * w[0] * w[0] - .02 * w[1] + .5 * w[2] * w[2];
  });
  const auto rule = gradient_descent(.1);
  run::Recorder recorder = new_recorder();
  FlowComparisonOptions options = options_for(600);
  options.processes = {"discrete"};
  FlowComparison comparison(*objective, rule, testing::vector({.2, 19.95, 0}), options, recorder);
  while (!comparison.finished()) comparison.step();
  EXPECT_FALSE(comparison.diverged());
  EXPECT_EQ(comparison.next_row(), 601);
  EXPECT_LT(std::abs(recorder.find("discrete/train_loss")->at(0)), 1e-15);
}

// From the origin, where nothing has a scale, only numbers that are not finite count.
TEST(FlowComparison, StopsWhereARunFromTheOriginDiverges) {
  const auto objective =
      make_objective(2, [](const at::Tensor& w) { return w.square().sum() + 1e-6 * w.sum(); });
  const auto rule = gradient_descent(3);
  run::Recorder recorder = new_recorder();
  FlowComparisonOptions options = options_for(500);
  options.processes = {"discrete"};
  options.spectrum_every = -1;
  FlowComparison comparison(*objective, rule, testing::vector({0, 0}), options, recorder);
  while (!comparison.finished()) comparison.step();
  EXPECT_TRUE(comparison.diverged());
}

// (ab - 1)^2 / 2 from above the edge: where each process ends is known.
TEST(FlowComparison, EndsAFactorisationWhereTheoryPutsIt) {
  const auto objective =
      make_objective(2, [](const at::Tensor& w) { return .5 * (w[0] * w[1] - 1).square(); });
  const auto rule = gradient_descent(.5);
  run::Recorder recorder = new_recorder();
  FlowComparison comparison(
      *objective, rule, testing::vector({2.3, .05}), options_for(300), recorder);
  while (!comparison.finished()) comparison.step();
  const at::Tensor w = comparison.flow("central")->weights();
  EXPECT_NEAR(w.square().sum().item<double>(), 2 / .5, 2e-2);
  EXPECT_NEAR(recorder.find("stable/train_loss")->at(300), 0, 1e-9);
}

// What Cohen and others claim of RMSProp's step sizes at rest: fewer steps than the least
// admissible M would take, more than gradient descent at the edge; and nu gets there.
TEST(FlowComparison, RanksTheStationaryPreconditioner) {
  Net1 net;
  const auto objective = make_objective(73, net);
  const UpdateRule rule(optimizer_named("rmsprop", {.learning_rate = 0.01, .beta2 = 0.9}));
  run::Recorder recorder = new_recorder();
  auto options = options_for(80);
  options.processes = {"discrete", "central"};
  options.warm_start = 5;
  options.preconditioners_every = 40;
  options.central_flow.critical_threshold = 1.6;
  FlowComparison comparison(*objective, rule, net.initial_weights(), options, recorder);
  while (!comparison.finished()) comparison.step();
  const auto value = [&](const char* name, std::int64_t row) {
    return recorder.find(fmt::format("central/preconditioner.{}", name))->at(row);
  };
  EXPECT_TRUE(std::isnan(value("cosine", 79)));
  for (const std::int64_t row : {40, 80}) {
    EXPECT_GT(value("cosine", row), 0.95);
    EXPECT_LT(value("speed_stationary", row), value("speed_least", row) * (1 + 1e-6));
    EXPECT_GT(value("speed_stationary", row), value("speed_uniform", row));
    EXPECT_NEAR(value("speed", row) / value("speed_stationary", row), 1, 0.5);
  }
}

TEST(FlowComparison, RefusesToComparePreconditionersOfOneStepSize) {
  auto options = options_for(1);
  options.preconditioners_every = 1;
  EXPECT_THROW(Net1Comparison{options}, InvalidArgument);
}

TEST(FlowComparison, RefusesMidpointsWithoutARun) {
  FlowComparisonOptions options = options_for(3);
  options.processes = {"midpoint", "central"};
  EXPECT_THROW(Net1Comparison net(options), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::dynamics
