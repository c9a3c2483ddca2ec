#include "thalweg/objective/flop_counter.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/objective/autograd_objective.hpp"

namespace thalweg::objective {
namespace {

double gradient_flops(const std::shared_ptr<const nn::Network>& network,
                      std::vector<std::int64_t> shape) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  AutogradObjective objective(
      network_loss(network, testing::labelled_data(10, shape, 3), LossKind::kMse, options),
      options);
  const at::Tensor w = network->initial_weights(Key{1});
  return count_flops([&] { objective.at(w)->gradient(); });
}

TEST(FlopCounter, CountsTheProductsOfAGradient) {
  // Forward and weight gradients of both layers, and the input gradient of the second.
  const double expected = 2.0 * 10 * (2 * (20 * 8 + 8 * 3) + 8 * 3);
  EXPECT_EQ(gradient_flops(nn::make_mlp(20, 3, {.hidden = {8}}), {20}), expected);
}

TEST(FlopCounter, CountsConvolutions) {
  // conv 2 -> 4 channels of 3x3 on 4x4 (no input gradient), then 16 -> 5 -> 3.
  const double convolution = 10 * 16 * 4 * (2 * 9), hidden = 10 * 16 * 5, output = 10 * 5 * 3;
  EXPECT_EQ(gradient_flops(nn::make_cnn({2, 4, 4}, 3, {.channels = {4}, .hidden = 5}), {2, 4, 4}),
            2 * (2 * convolution + 3 * hidden + 3 * output));
}

}  // namespace
}  // namespace thalweg::objective
