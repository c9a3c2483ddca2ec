#include "thalweg/nn/activation.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

TEST(Activation, NamesRoundTrip) {
  for (const char* name :
       {"gelu", "tanh", "silu", "softplus", "sigmoid", "elu", "relu", "identity"}) {
    EXPECT_EQ(activation_name(activation_named(name)), name);
  }
  EXPECT_THROW(activation_named("GELU"), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::nn
