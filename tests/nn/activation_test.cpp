#include "thalweg/nn/activation.hpp"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "thalweg/base/error.hpp"

namespace thalweg::nn {
namespace {

double at_point(const char* name, double x) {
  return activate(activation_named(name), at::tensor({x}, at::kDouble)).item<double>();
}

TEST(Activation, MatchesItsFormula) {
  for (const double x : {-2.5, -.3, .7, 3.}) {
    EXPECT_NEAR(at_point("gelu", x), x / 2 * (1 + std::erf(x / std::sqrt(2))), 1e-14);
    EXPECT_NEAR(at_point("tanh", x), std::tanh(x), 1e-14);
    EXPECT_NEAR(at_point("silu", x), x / (1 + std::exp(-x)), 1e-14);
    EXPECT_NEAR(at_point("softplus", x), std::log1p(std::exp(x)), 1e-14);
    EXPECT_NEAR(at_point("sigmoid", x), 1 / (1 + std::exp(-x)), 1e-14);
    EXPECT_NEAR(at_point("elu", x), x > 0 ? x : std::expm1(x), 1e-14);
    EXPECT_EQ(at_point("relu", x), std::fmax(x, 0));
    EXPECT_EQ(at_point("identity", x), x);
  }
}

/// The derivatives of gelu of orders 1, 2, ... at x, by autograd.
std::vector<at::Tensor> gelu_derivatives(at::Tensor x, int orders) {
  x.requires_grad_();
  std::vector<at::Tensor> found;
  at::Tensor value = activate(Activation::kGelu, x);
  for (int order = 1; order <= orders; ++order) {
    value = torch::autograd::grad({value.sum()}, {x}, {}, true, order < orders)[0];
    found.push_back(value);
  }
  return found;
}

// Phi + x phi, then phi (2 - x^2), then phi (x^3 - 4 x).
TEST(Activation, GeluHasDerivativesOfEveryOrder) {
  const at::Tensor x = at::linspace(-6, 6, 1001, at::kDouble);
  const at::Tensor density = at::exp(-0.5 * x * x) / std::sqrt(2 * M_PI);
  const at::Tensor first = 0.5 * (1 + at::erf(x / M_SQRT2)) + x * density;
  const at::Tensor second = density * (2 - x * x), third = density * (x * x * x - 4 * x);
  const auto two = gelu_derivatives(x.clone(), 2), three = gelu_derivatives(x.clone(), 3);
  EXPECT_LT((two[0] - first).abs().max().item<double>(), 1e-15);
  EXPECT_LT((two[1] - second).abs().max().item<double>(), 1e-15);    // in one pass
  EXPECT_LT((three[1] - second).abs().max().item<double>(), 1e-15);  // by elementary operations
  EXPECT_LT((three[2] - third).abs().max().item<double>(), 1e-15);
}

TEST(Activation, GelusSecondDerivativeIsRightInSinglePrecisionAndOffTheBeat) {
  const at::Tensor x = at::linspace(-9, 9, 1003, at::kDouble);
  const auto single = gelu_derivatives(x.to(at::kFloat), 2);
  const at::Tensor exact = gelu_derivatives(x.clone(), 2)[1];
  EXPECT_LT((single[1] - exact).abs().max().item<double>(), 2e-7);
  const at::Tensor columns = x.repeat({3, 1}).t();  // not contiguous
  EXPECT_TRUE(
      at::allclose(gelu_derivatives(columns, 2)[1], exact.unsqueeze(1).expand({-1, 3}), 0, 1e-15));
}

TEST(Activation, NamesRoundTrip) {
  for (const char* name :
       {"gelu", "tanh", "silu", "softplus", "sigmoid", "elu", "relu", "identity"}) {
    EXPECT_EQ(activation_name(activation_named(name)), name);
  }
  EXPECT_THROW(activation_named("GELU"), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::nn
