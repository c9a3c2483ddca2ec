#include "thalweg/dynamics/central_flow.hpp"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/reference_losses.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::dynamics {
namespace {

using testing::make_objective;
using testing::Net1;
using testing::vector;

/// Every derivative fresh at every substep and tight eigenpairs: the flow as the equations have it.
CentralFlowOptions exact_options(int substeps = 4) {
  CentralFlowOptions options;
  options.substeps = substeps;
  options.third_derivative_every = 1;
  options.solve_every_substep = true;
  options.tracker.tolerance = 1e-9;
  options.tracker.key = Key{1, 2};
  return options;
}

// The reference numbers were made by a separate program with exact third derivatives.
TEST(CentralFlow, ReproducesReferenceNetwork) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  const auto rule = gradient_descent(0.8);
  CentralFlow flow(*objective, rule, net.initial_weights(), exact_options());
  for (int t = 0; t <= 50; ++t) {
    const FlowState state = flow.step(true);
    ASSERT_TRUE(state.eigenpairs_converged);
    if (t <= 9) {
      EXPECT_EQ(static_cast<int>(state.variances.size()), t < 9 ? 0 : 1) << t;
    }
    if (t == 10) {
      EXPECT_NEAR(state.loss, .06080254, 1e-7);
      EXPECT_NEAR(state.variances.at(0), .00901636, 1e-6);
    }
    if (t == 50) {
      EXPECT_NEAR(state.loss, .02922738, 1e-7);
      EXPECT_NEAR(state.variances.at(0), .03197422, 1e-6);
      EXPECT_NEAR(state.predicted_loss, .06120160, 1e-6);
      EXPECT_NEAR(state.predicted_gradient_norm2, .16108585, 1e-5);
    }
  }
}

// L = 1/2 (y + a z) x^2 - f y + z^2 / 2 on the valley x = 0, at the edge: everything in closed
// form.
TEST(CentralFlow, FollowsOneDirectionInClosedForm) {
  const double a = 1, f = .02, eta = .1;
  const auto objective = make_objective(3, [=](const at::Tensor& w) {
    const at::Tensor x = w[0], y = w[1], z = w[2];
    return .5 * (y + a * z) * x * x - f * y + .5 * z * z;
  });
  const auto rule = gradient_descent(eta);
  CentralFlow flow(*objective, rule, vector({0, 2 / eta, 0}), exact_options());
  for (int t = 0; t <= 400; ++t) {
    const double z = -a * f + a * f * std::exp(-eta * t / (1 + a * a));
    EXPECT_NEAR(flow.weights()[2].item<double>(), z, 5e-5) << t;
    EXPECT_NEAR(flow.weights()[1].item<double>(), 2 / eta - a * z, 2e-3) << t;
    const FlowState state = flow.step(true);
    const double s = 2 * (f - a * z) / (1 + a * a);
    ASSERT_EQ(static_cast<int>(state.variances.size()), 1) << t;
    EXPECT_NEAR(state.sigma_trace, s, 5e-5) << t;  // what the error in z makes of it
  }
}

// L = 1/2 x^T K(y) x - f . y with both eigenvalues at the edge: Sigma = 2 Pi([[f1, f3/sqrt2],
// [f3/sqrt2, f2]]).
TEST(CentralFlow, FollowsTwoDirectionsInClosedForm) {
  const double eta = .1;
  const at::Tensor f = vector({.02, .01, .012});
  const auto objective = make_objective(5, [f](const at::Tensor& w) {
    const at::Tensor x1 = w[0], x2 = w[1];
    const at::Tensor k = .5 * (w[2] * x1 * x1 + w[3] * x2 * x2 + std::sqrt(2.0) * w[4] * x1 * x2);
    return k - at::dot(f, w.narrow(0, 2, 3));
  });
  const auto rule = gradient_descent(eta);
  CentralFlow flow(*objective, rule, vector({0, 0, 2 / eta, 2 / eta, 0}), exact_options());
  for (int t = 0; t < 20; ++t) {
    const FlowState state = flow.step(true);
    ASSERT_EQ(static_cast<int>(state.variances.size()), 2);
    const at::Tensor v = state.directions.narrow(0, 0, 2);
    const at::Tensor sigma = at::mm(v * vector(state.variances), v.t());
    EXPECT_NEAR(sigma[0][0].item<double>(), .04, 1e-6);
    EXPECT_NEAR(sigma[1][1].item<double>(), .02, 1e-6);
    EXPECT_NEAR(std::abs(sigma[0][1].item<double>()), .016971, 1e-6);
  }
}

TEST(CentralFlow, ConvergesAtFirstOrderInTheSubstep) {
  const Net1 net;
  const auto weights_after = [&](int substeps) {
    const auto objective = make_objective(73, net);
    const auto rule = gradient_descent(0.8);
    CentralFlow flow(*objective, rule, net.initial_weights(), exact_options(substeps));
    for (int t = 0; t < 6; ++t) flow.step(true);  // before the edge: the flow is smooth there
    return flow.weights();
  };
  const at::Tensor w4 = weights_after(4), w8 = weights_after(8), w16 = weights_after(16);
  const double ratio = ((w4 - w8).norm() / (w8 - w16).norm()).item<double>();
  EXPECT_NEAR(std::log2(ratio), 1, .1);
}

TEST(CentralFlow, StaysAtTheEdgeAndReusesThirdDerivativesWithoutHarm) {
  const Net1 net;
  const auto final_weights = [&](const CentralFlowOptions& options) {
    const auto objective = make_objective(73, net);
    const auto rule = gradient_descent(0.8);
    CentralFlow flow(*objective, rule, net.initial_weights(), options);
    double previous = INFINITY;
    for (int t = 0; t < 100; ++t) {
      const FlowState state = flow.step(true);
      EXPECT_LE(state.loss, previous) << t;  // gradient descent: L(w(t)) never increases
      previous = state.loss;
      if (t > 12) {
        EXPECT_NEAR(state.eigenvalues[0], 2, 5e-3) << t;
      }
    }
    return flow.weights();
  };
  CentralFlowOptions reuse;
  reuse.tracker.tolerance = 1e-6;
  const at::Tensor exact = final_weights(exact_options()), cheap = final_weights(reuse);
  EXPECT_LT((exact - cheap).norm().item<double>(), 0.02);
}

TEST(CentralFlow, ResumesWithTheSameBits) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  const auto rule = gradient_descent(0.8);
  CentralFlowOptions options;
  CentralFlow flow(*objective, rule, net.initial_weights(), options);
  for (int t = 0; t < 20; ++t) flow.step(true);
  CentralFlow resumed(*objective, rule, net.initial_weights(), options);
  resumed.set_state(flow.state());
  for (int t = 0; t < 30; ++t) {
    flow.step(true);
    resumed.step(true);
  }
  EXPECT_TRUE(at::equal(flow.weights(), resumed.weights()));
}

UpdateRule rule_of(const char* name, UpdateRuleOptions options) {
  return UpdateRule(optimizer_named(name, options));
}

at::Tensor sigma_of(const FlowState& state) {
  const at::Tensor v = state.directions;
  return at::mm(v * vector(state.variances), v.t());
}

/// 1/2 w^T H w - b . w with H of one sign pattern: s_i s_j H_ij >= 0.
struct Quadratic {
  at::Tensor h = at::tensor({4., 1., -.5, 1., 2., -.3, -.5, -.3, 1.}, at::kDouble).view({3, 3});
  at::Tensor b = at::zeros({3}, at::kDouble);
  at::Tensor operator()(const at::Tensor& w) const {
    return .5 * at::dot(w, at::mv(h, w)) - at::dot(b, w);
  }
};

// RMSProp on a quadratic: M_i = 1/2 sum_j |H_ij|, Sigma = (eta^2/4) s s^T.
TEST(CentralFlow, RmsPropOnAQuadraticEndsInClosedForm) {
  const double eta = .01;
  const Quadratic quadratic;
  const auto objective = make_objective(3, quadratic);
  CentralFlow flow(*objective,
                   rule_of("rmsprop", {.learning_rate = eta, .beta2 = .95}),
                   vector({.3, -.2, .1}),
                   exact_options());
  FlowState state;
  for (int t = 0; t < 600; ++t) state = flow.step(true);
  const at::Tensor m = flow.preconditioner().times(vector({1, 1, 1}));
  EXPECT_LT((m - quadratic.h.abs().sum(1) / 2).abs().max().item<double>(), 2e-3);
  const at::Tensor s = vector({1, 1, -1});
  EXPECT_LT((sigma_of(state) / (eta * eta / 4) - at::outer(s, s)).abs().max().item<double>(), 5e-3);
  const double loss = eta * eta / 8 * quadratic.h.abs().sum().item<double>();
  EXPECT_NEAR(state.predicted_loss / loss, 1, 5e-3);
}

// Curvature S in one dimension: sqrt(nu) = eta S/2 - epsilon, amplitude sqrt(nu)/S.
TEST(CentralFlow, ScalarRmsPropOnAQuadraticEndsInClosedForm) {
  const double eta = .05, curvature = 3, epsilon = .01;
  const auto objective =
      make_objective(1, [=](const at::Tensor& w) { return .5 * curvature * w.square().sum(); });
  CentralFlow flow(
      *objective,
      rule_of("scalar-rmsprop", {.learning_rate = eta, .beta2 = .95, .epsilon = epsilon}),
      vector({1}),
      exact_options());
  FlowState state;
  for (int t = 0; t < 800; ++t) state = flow.step(true);
  const double root = eta * curvature / 2 - epsilon;
  EXPECT_NEAR(flow.optimizer().second_moment.item<double>(), root * root, 1e-5);
  EXPECT_NEAR(std::sqrt(state.sigma_trace), root / curvature, 1e-4);
}

// At frozen weights: H <= 2M, Sigma_ii = (eta^2/4)(1 - g_i^2/(eta M_i)^2), Sigma (2M - H) = 0.
TEST(CentralFlow, TheStationarySecondMomentSolvesItsConvexProgram) {
  const double eta = .1;
  Quadratic quadratic;
  quadratic.b = vector({.05, -.1, .2});
  const auto objective = make_objective(3, quadratic);
  CentralFlowOptions options = exact_options();
  options.kind = CentralFlowKind::kStationary;
  const at::Tensor w = vector({.02, .01, -.01});
  CentralFlow flow(
      *objective, rule_of("rmsprop", {.learning_rate = eta, .beta2 = .99}), w, options);
  const FlowState state = flow.step(false);
  const at::Tensor m = flow.preconditioner().times(vector({1, 1, 1}));
  const at::Tensor g = at::mv(quadratic.h, w) - quadratic.b, sigma = sigma_of(state);
  const at::Tensor slack = 2 * at::diag(m) - quadratic.h;
  EXPECT_GT(at::linalg_eigvalsh(slack).min().item<double>(), -1e-3);
  EXPECT_LT(at::mm(sigma, slack).abs().max().item<double>(), 1e-3 * sigma.norm().item<double>());
  const at::Tensor expected = eta * eta / 4 * (1 - (g / (eta * m)).square());
  EXPECT_LT((sigma.diagonal() - expected).abs().max().item<double>(), 2e-3 * eta * eta / 4);
}

// Along the edge eta/sqrt(nu) = 2/S; the curvature penalty lowers the sharpness and so lengthens
// the steps.
TEST(CentralFlow, ThePenaltyOfScalarRmsPropLengthensItsSteps) {
  const auto end_of = [](CentralFlowKind kind) {
    const Net1 net;
    const auto objective = make_objective(73, net);
    CentralFlowOptions options = exact_options();
    options.kind = kind;
    CentralFlow flow(*objective,
                     rule_of("scalar-rmsprop", {.learning_rate = .1, .beta2 = .99}),
                     net.initial_weights(),
                     options);
    FlowState state;
    for (int t = 0; t < 100; ++t) state = flow.step(true);
    EXPECT_NEAR(state.eigenvalues[0], 2, 2e-3);
    return flow.preconditioner().mean_step_size();
  };
  EXPECT_GT(end_of(CentralFlowKind::kCentral), 1.1 * end_of(CentralFlowKind::kAblated));
}

TEST(CentralFlow, AdaptsItsSubstepsToTheTolerance) {
  const Net1 net;
  const auto error_and_substeps = [&](double tolerance) {
    const auto objective = make_objective(73, net);
    CentralFlowOptions options = exact_options(4);
    options.tolerance = tolerance;
    CentralFlow flow(*objective, gradient_descent(0.8), net.initial_weights(), options);
    FlowState state;
    for (int t = 0; t < 8; ++t) state = flow.step(true);
    return std::pair(state.error, state.substeps);
  };
  const auto [coarse_error, coarse] = error_and_substeps(.05);
  const auto [fine_error, fine] = error_and_substeps(.005);
  EXPECT_LT(coarse_error, .05 * 1.5);
  EXPECT_LT(fine_error, .005 * 1.5);
  EXPECT_GT(fine, 3 * coarse);
}

// Started above the edge, the eigenvalue comes back within the time given.
TEST(CentralFlow, ReturnsToTheEdgeInTheTimeGiven) {
  const auto objective =
      make_objective(2, [](const at::Tensor& w) { return .5 * (w[0] * w[1] - 1).square(); });
  CentralFlowOptions options = exact_options(8);
  options.return_time = 3;
  CentralFlow flow(*objective, gradient_descent(.5), vector({2.3, .05}), options);
  const double start = flow.step(true).eigenvalues[0], soon = flow.step(true).eigenvalues[0];
  EXPECT_GT(start, 2.6);
  EXPECT_GT(soon, 2.3);
  FlowState state;
  for (int t = 0; t < 20; ++t) state = flow.step(true);
  EXPECT_NEAR(state.eigenvalues[0], 2, 1e-2);
}

TEST(CentralFlow, RefusesWhatARuleDoesNotHave) {
  const auto objective = make_objective(1, [](const at::Tensor& w) { return w.square().sum(); });
  EXPECT_THROW(
      CentralFlow(*objective, rule_of("adam", {.beta1 = .9}), vector({1}), CentralFlowOptions{}),
      InvalidArgument);
  CentralFlowOptions stationary;
  stationary.kind = CentralFlowKind::kStationary;
  EXPECT_THROW(CentralFlow(*objective, gradient_descent(.1), vector({1}), stationary),
               InvalidArgument);
}

TEST(CentralFlow, RefusesZeroSubsteps) {
  const auto objective = make_objective(1, [](const at::Tensor& w) { return w.square().sum(); });
  const auto rule = gradient_descent(0.1);
  EXPECT_THROW(CentralFlow(*objective, rule, vector({1}), {.substeps = 0}), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::dynamics
