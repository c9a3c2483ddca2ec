#include "thalweg/objective/differences.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support/reference_losses.hpp"
#include "support/small_problem.hpp"

namespace thalweg::objective {
namespace {

using testing::make_objective;
using testing::random_tensor;
using testing::relative_error;
using torch::autograd::grad;

/// A network with layer normalisation between two linear maps: 6 -> 5 -> 1 on 7 points.
struct NormalisedNetwork {
  at::Tensor x = random_tensor({7, 6}, Key{1}), y = random_tensor({7, 1}, Key{2});

  at::Tensor operator()(const at::Tensor& w) const {
    const at::Tensor hidden = at::mm(x, w.narrow(0, 0, 30).view({6, 5}));
    const at::Tensor normal = at::layer_norm(hidden, {5}, w.narrow(0, 30, 5), w.narrow(0, 35, 5));
    return (at::mm(at::tanh(normal), w.narrow(0, 40, 5).view({5, 1})) - y).square().sum() / 14;
  }
};

/// The same, with the statistics written out.
struct DecomposedNetwork : NormalisedNetwork {
  at::Tensor operator()(const at::Tensor& w) const {
    const at::Tensor hidden = at::mm(x, w.narrow(0, 0, 30).view({6, 5}));
    const at::Tensor centred = hidden - hidden.mean(1, true);
    const at::Tensor scale = at::rsqrt(centred.square().mean(1, true) + 1e-5);
    const at::Tensor normal = centred * scale * w.narrow(0, 30, 5) + w.narrow(0, 35, 5);
    return (at::mm(at::tanh(normal), w.narrow(0, 40, 5).view({5, 1})) - y).square().sum() / 14;
  }
};

/// grad (v^T H v) by differentiating three times with autograd.
template <typename Function>
at::Tensor third_by_autograd(const Function& function,
                             const at::Tensor& at_weights,
                             const at::Tensor& v) {
  const at::AutoGradMode enable(true);
  const at::Tensor w = at_weights.detach().clone().requires_grad_();
  const at::Tensor g = grad({function(w)}, {w}, {}, true, true)[0];
  const at::Tensor hv = grad({at::dot(g, v)}, {w}, {}, true, true)[0];
  return grad({at::dot(hv, v)}, {w})[0];
}

// Why third derivatives come from differences: libtorch 1.13 differentiates the fused operator
// three times without an error and gives another number, because it takes the saved statistics for
// constants.
TEST(ThirdDerivative, IsRightThroughLayerNormWhereAutogradIsNot) {
  const NormalisedNetwork fused;
  const DecomposedNetwork decomposed;
  const at::Tensor w = random_tensor({45}, Key{3}), u = random_tensor({45}, Key{4});
  const at::Tensor truth = third_by_autograd(decomposed, w, u);

  const auto objective = make_objective(45, fused);
  const at::Tensor ours = objective->at(w)->third_derivative(u.unsqueeze(1))[0];
  EXPECT_LT(relative_error(ours, truth), 1e-6);

  const double fused_error = relative_error(third_by_autograd(fused, w, u), truth);
  RecordProperty("relative_error_of_fused_layer_norm", std::to_string(fused_error));
  if (fused_error < 1e-6)
    GTEST_SKIP() << "this libtorch differentiates layer_norm three times correctly";
  EXPECT_GT(fused_error, 0.01);
}

TEST(ThirdDerivative, IsExactForACubic) {
  // L = x^2 y + z^3: D^3 L(u, v) is linear in both.
  const auto objective =
      make_objective(3, [](const at::Tensor& w) { return w[0] * w[0] * w[1] + w[2].pow(3); });
  const at::Tensor w = testing::vector({.3, -.2, .5});
  const at::Tensor u = at::eye(3, at::kDouble);
  const at::Tensor third = objective->at(w)->third_derivative(u);
  const at::Tensor expected = at::zeros({6, 3}, at::kDouble);
  expected[0][1] = 2;  // (x, x): d(2y)/dw = 2 e_y
  expected[1][0] = 2;  // (x, y): d(2x)/dw = 2 e_x
  expected[5][2] = 6;  // (z, z)
  EXPECT_LT((third - expected).abs().max().item<double>(), 1e-7);
}

TEST(ThirdDerivative, TakesTheStepThatIsAskedFor) {
  const auto objective = make_objective(1, [](const at::Tensor& w) { return w[0].pow(5); });
  const auto loss = objective->at(testing::vector({1}));
  // [g(1 + e) - 2 g(1) + g(1 - e)] / e^2 = 60 + 10 e^2 for g = 5 w^4.
  EXPECT_NEAR(
      loss->third_derivative(testing::vector({1}).unsqueeze(1), 0.5).item<double>(), 62.5, 1e-9);
}

TEST(ThirdDerivative, IsUsableInSinglePrecision) {
  const NormalisedNetwork fused;
  const at::Tensor w = random_tensor({45}, Key{3}), u = random_tensor({45}, Key{4});
  const auto single = make_objective(
      45,
      [fused](const at::Tensor& v) { return fused(v.to(at::kDouble)).to(at::kFloat); },
      at::kFloat);
  const auto exact = make_objective(45, fused);
  const at::Tensor third = single->at(w)->third_derivative(u.unsqueeze(1))[0].to(at::kDouble);
  EXPECT_LT(relative_error(third, exact->at(w)->third_derivative(u.unsqueeze(1))[0]), 1e-2);
}

TEST(DifferenceStep, IsFoundWhereTheLossIsSmooth) {
  const testing::Net1 net;
  const auto objective = make_objective(73, net);
  const at::Tensor w = net.initial_weights();
  const DifferenceStep found = calibrate_difference_step(
      *objective, w, objective->at(w)->gradient(), random_tensor({73}, Key{5}));
  EXPECT_TRUE(found.trustworthy());
  EXPECT_LT(found.relative_error, 1e-6);
}

/// A network 6 -> 16 -> 1 on 500 points: 8000 places where a ReLU can have its kink.
template <typename Activation>
DifferenceStep calibrate_with(const Activation& activation, at::ScalarType type) {
  const at::Tensor x = random_tensor({500, 6}, Key{6}).to(type),
                   y = random_tensor({500, 1}, Key{7}).to(type);
  const auto objective = make_objective(
      112,
      [=](const at::Tensor& w) {
        const at::Tensor hidden = activation(at::mm(x, w.narrow(0, 0, 96).view({6, 16})));
        return (at::mm(hidden, w.narrow(0, 96, 16).view({16, 1})) - y).square().sum() / 1000;
      },
      type);
  const at::Tensor w = 0.5 * random_tensor({112}, Key{8}).to(type);
  return calibrate_difference_step(
      *objective, w, objective->at(w)->gradient(), random_tensor({112}, Key{9}).to(type));
}

TEST(DifferenceStep, DistrustsKinks) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    EXPECT_FALSE(
        calibrate_with([](const at::Tensor& z) { return at::relu(z); }, type).trustworthy());
    EXPECT_TRUE(
        calibrate_with([](const at::Tensor& z) { return at::gelu(z); }, type).trustworthy());
    EXPECT_TRUE(
        calibrate_with([](const at::Tensor& z) { return at::tanh(z); }, type).trustworthy());
  }
}

}  // namespace
}  // namespace thalweg::objective
