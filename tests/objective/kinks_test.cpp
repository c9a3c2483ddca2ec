#include "thalweg/objective/kinks.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::objective {
namespace {

std::string kink_of(nn::Activation activation) {
  const auto network = nn::make_mlp(4, 2, {.hidden = {5}, .activation = activation});
  const at::Tensor w = network->initial_weights(Key{1});
  const at::Tensor x = testing::random_tensor({3, 4}, Key{2});
  return kink_operator([&] { network->forward(w, x); });
}

TEST(KinkOperator, IsTheFirstThatHasSome) {
  EXPECT_EQ(kink_of(nn::Activation::kRelu), "relu");
  EXPECT_EQ(kink_of(nn::Activation::kElu), "elu");
  const at::Tensor images = at::ones({1, 1, 4, 4});
  EXPECT_EQ(kink_operator([&] { at::max_pool2d(images.tanh(), 2).relu(); }), "max_pool2d");
}

TEST(KinkOperator, IsEmptyForSmoothNetworks) {
  for (const auto activation : {nn::Activation::kGelu,
                                nn::Activation::kTanh,
                                nn::Activation::kSilu,
                                nn::Activation::kSoftplus,
                                nn::Activation::kSigmoid,
                                nn::Activation::kIdentity})
    EXPECT_EQ(kink_of(activation), "") << nn::activation_name(activation);
  const at::Tensor images = at::ones({1, 1, 4, 4});
  EXPECT_EQ(kink_operator([&] { at::avg_pool2d(images, 2).log_softmax(1).mean(); }), "");
}

}  // namespace
}  // namespace thalweg::objective
