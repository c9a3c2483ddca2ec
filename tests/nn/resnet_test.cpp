#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;

// The second norm of every block starts at zero: without halvings the network is then its stem, the
// pooling and the output layer.
TEST(Resnet, StartsAsItsStem) {
  const auto network =
      make_resnet({2, 6, 6}, 3, {.width = 4, .stages = {2}, .cells = 2, .output_scale = 1});
  const at::Tensor w = network->initial_weights(Key{1}), x = random_tensor({3, 2, 6, 6}, Key{2});
  const ParameterTensors p = split_parameters(w, network->parameters());
  const at::Tensor stem = at::gelu(at::conv2d(x, p[0], {}, 1, 1));
  const at::Tensor pooled = at::avg_pool2d(stem, 3).flatten(1);
  const at::Tensor expected = at::addmm(p.back(), pooled, p[p.size() - 2].t());
  EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-12, 1e-13));
}

/// The norm by libtorch's own operator, which divides by the biased variance: with m numbers a
/// group and epsilon e (m - 1)/m it is larger by sqrt(m / (m - 1)).
at::Tensor norm(const at::Tensor& x,
                std::int64_t groups,
                const at::Tensor& g,
                const at::Tensor& b) {
  const double m = static_cast<double>(x[0].numel() / groups), e = 1e-6 * (m - 1) / m;
  const at::Tensor plain = at::group_norm(x, groups, {}, {}, e) * std::sqrt((m - 1) / m);
  return plain * g.view({-1, 1, 1}) + b.view({-1, 1, 1});
}

TEST(Resnet, BlocksAddToTheirShortcuts) {
  const auto network = make_resnet(
      {1, 5, 5}, 2, {.width = 2, .stages = {1, 1}, .cells = 1, .activation = Activation::kTanh});
  const at::Tensor w = random_tensor({network->dimension()}, Key{1}),
                   x = random_tensor({3, 1, 5, 5}, Key{2});
  const ParameterTensors p = split_parameters(w, network->parameters());
  const double s = 1 / std::sqrt(2);
  at::Tensor h = at::tanh(at::conv2d(x, p[0], {}, 1, 1));
  at::Tensor f = at::tanh(norm(at::conv2d(h, p[1], {}, 1, 1), 2, p[2], p[3]));
  h = h + s * norm(at::conv2d(f, p[4], {}, 1, 1), 2, p[5], p[6]);
  f = at::tanh(norm(at::conv2d(h, p[7], {}, 2, 1), 2, p[8], p[9]));
  f = norm(at::conv2d(f, p[10], {}, 1, 1), 2, p[11], p[12]);
  h = norm(at::conv2d(h, p[13], {}, 2, 1), 2, p[14], p[15]) + s * f;
  const at::Tensor expected = at::addmm(p[17], h.mean({2, 3}), p[16].t());
  ASSERT_EQ(p.size(), 18);
  EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-11, 1e-12));
}

// 7 pixels in 2 cells: columns 0-3 and 3-6, where pooling by 4 alone would drop the last three.
TEST(Resnet, PoolingSeesEveryPixel) {
  const auto network = make_resnet({1, 7, 7}, 1, {.width = 1, .stages = {1}, .output_scale = 1});
  const at::Tensor w = network->initial_weights(Key{1});
  at::Tensor x = at::zeros({1, 1, 7, 7}, at::kDouble);
  const at::Tensor before = network->forward(w, x);
  x[0][0][6][6] = 5;
  EXPECT_FALSE(at::equal(network->forward(w, x), before));
}

}  // namespace
}  // namespace thalweg::nn
