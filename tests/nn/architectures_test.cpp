#include "thalweg/nn/architectures.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;

// [Cohen2024]'s parameter counts at four classes of CIFAR-10.
TEST(Architectures, PaperPresetsHaveThePublishedSizes) {
  EXPECT_EQ(make_network("mlp", {"preset=paper"}, {{3, 32, 32}, 4})->dimension(), 853508);
  EXPECT_EQ(make_network("cnn", {"preset=paper"}, {{3, 32, 32}, 4})->dimension(), 544100);
}

TEST(Architectures, LayoutHasNoGapsAndNoOverlaps) {
  for (const char* name : {"mlp", "cnn"}) {
    const auto network = make_network(name, {}, {{1, 8, 8}, 3});
    std::int64_t next = 0;
    for (const ParameterInfo& parameter : network->parameters()) {
      EXPECT_EQ(parameter.offset, next) << parameter.name;
      next += parameter.numel();
    }
    EXPECT_EQ(next, network->dimension());
  }
}

TEST(Mlp, MatchesItsFormula) {
  const auto network = make_mlp(6, 2, {.hidden = {5}, .activation = Activation::kTanh});
  const at::Tensor w = random_tensor({network->dimension()}, Key{1}),
                   x = random_tensor({4, 2, 3}, Key{2});
  const at::Tensor w1 = w.narrow(0, 0, 30).view({5, 6}), b1 = w.narrow(0, 30, 5);
  const at::Tensor w2 = w.narrow(0, 35, 10).view({2, 5}), b2 = w.narrow(0, 45, 2);
  const at::Tensor expected = at::mm(at::tanh(at::mm(x.view({4, 6}), w1.t()) + b1), w2.t()) + b2;
  EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-13, 1e-14));
}

// A 1x1 kernel on a constant image: every layer is a sum that can be done by hand.
TEST(Cnn, MatchesItsFormulaOnAConstantImage) {
  const auto network =
      make_cnn({1, 2, 2},
               1,
               {.channels = {1}, .kernel = 1, .hidden = 1, .activation = Activation::kIdentity});
  ASSERT_EQ(network->dimension(), 4);
  const at::Tensor w = at::tensor({2., 3., 5., 7.}, at::kDouble);
  const at::Tensor y = network->forward(w, at::full({1, 1, 2, 2}, 1.5, at::kDouble));
  EXPECT_DOUBLE_EQ(y.item<double>(), 1.5 * 2 * 3 * 5 + 7);
}

TEST(Architectures, InitialWeightsArePureFunctionsOfTheKeyWithinTheirBounds) {
  const auto network = make_mlp(100, 3, {.hidden = {50}});
  const at::Tensor a = network->initial_weights(Key{1}), b = network->initial_weights(Key{1});
  EXPECT_TRUE(at::equal(a, b));
  EXPECT_FALSE(at::equal(a, network->initial_weights(Key{2})));
  const at::Tensor first = a.narrow(0, 0, 5000);
  EXPECT_LE(first.abs().max().item<double>(), 0.1);
  // Uniform on +-0.1: variance 0.01/3; its estimate from 5000 draws is off by 4 standard errors
  // once in 16,000 times.
  EXPECT_NEAR(first.var().item<double>(), .01 / 3, 4 * .01 / 3 * std::sqrt(.8 / 5000));
}

TEST(Architectures, RefuseWhatTheyDoNotKnow) {
  EXPECT_THROW(make_network("mpl", {}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"width=3"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"hidden=0"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"hidden=3,x"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"activation=geul"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("cnn", {}, {{784}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("cnn", {"kernel=2"}, {{1, 8, 8}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"preset=big"}, {{4}, 2}), InvalidArgument);
}

TEST(Network, RefusesWeightsOfTheWrongSize) {
  const auto network = make_mlp(6, 2);
  EXPECT_THROW(network->forward(at::zeros({3}, at::kDouble), at::zeros({1, 6}, at::kDouble)),
               InvalidArgument);
}

}  // namespace
}  // namespace thalweg::nn
