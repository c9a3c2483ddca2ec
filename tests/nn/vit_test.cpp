#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;

/// The authors' norm from libtorch's standard deviation, which is the unbiased one.
at::Tensor norm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta) {
  return gamma * (x - x.mean(-1, true)) / (x.std(-1, /*unbiased=*/true, true) + 1e-6) + beta;
}

/// Patches of 2x2 of (n, 2, 4, 4), pixel by pixel.
at::Tensor naive_patches(const at::Tensor& x) {
  at::Tensor patches = at::empty({x.size(0), 4, 8}, at::kDouble);
  for (int patch = 0; patch < 4; ++patch) {
    for (int pixel = 0; pixel < 4; ++pixel) {
      const int row = 2 * (patch / 2) + pixel / 2, column = 2 * (patch % 2) + pixel % 2;
      for (int c = 0; c < 2; ++c) {
        patches.select(1, patch)
            .select(1, 2 * pixel + c)
            .copy_(x.select(1, c).select(1, row).select(1, column));
      }
    }
  }
  return patches;
}

/// Rows and columns of the four patches at the two frequencies 1 and 1e-4.
at::Tensor naive_positions() {
  at::Tensor positions = at::empty({4, 8}, at::kDouble);
  for (int patch = 0; patch < 4; ++patch) {
    const double x = patch % 2, y = patch / 2;
    const double frequency[] = {1, 1e-4};
    for (int i = 0; i < 2; ++i) {
      positions[patch][i] = std::sin(x * frequency[i]);
      positions[patch][2 + i] = std::cos(x * frequency[i]);
      positions[patch][4 + i] = std::sin(y * frequency[i]);
      positions[patch][6 + i] = std::cos(y * frequency[i]);
    }
  }
  return positions;
}

TEST(Vit, MatchesItsFormula) {
  const auto network = make_vit(
      {2, 4, 4}, 3, {.patch = 2, .width = 8, .layers = 1, .heads = 1, .head_width = 3, .mlp = 5});
  const at::Tensor w = random_tensor({network->dimension()}, Key{1}),
                   x = random_tensor({3, 2, 4, 4}, Key{2});
  const ParameterTensors p = split_parameters(w, network->parameters());
  ASSERT_EQ(p.size(), 22);
  at::Tensor h = at::matmul(norm(naive_patches(x), p[0], p[1]), p[2].t()) + p[3];
  h = norm(h, p[4], p[5]) + naive_positions();
  at::Tensor f = norm(h, p[6], p[7]);
  const at::Tensor q = at::matmul(f, p[8].t()), k = at::matmul(f, p[9].t()),
                   v = at::matmul(f, p[10].t());
  const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(1, 2)) / std::sqrt(3), -1);
  h = h + at::matmul(at::matmul(weights, v), p[11].t());
  f = at::gelu(at::matmul(norm(h, p[12], p[13]), p[14].t()) + p[15]);
  h = h + at::matmul(f, p[16].t()) + p[17];
  const at::Tensor expected = at::addmm(p[21], norm(h, p[18], p[19]).mean(1), p[20].t());
  EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-11, 1e-12));
}

// A patch of one colour has no direction: its norm is zero, not its rounding errors over 1e-6.
TEST(Vit, PatchesOfOneColourDoNotAmplifyRounding) {
  const auto network = make_vit({1, 8, 8}, 3, {.output_scale = 1});
  const at::Tensor w = network->initial_weights(Key{1}).to(at::kFloat);
  const at::Tensor dark = at::full({1, 1, 8, 8}, -.81F), light = at::full({1, 1, 8, 8}, .3F);
  EXPECT_TRUE(at::equal(network->forward(w, dark), network->forward(w, light)));
}

}  // namespace
}  // namespace thalweg::nn
