#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;
using testing::random_tokens;

// libtorch's own LSTM takes the parameters in the same order: its gates are ours.
TEST(Lstm, AgreesWithTheFusedOne) {
  const auto network = make_lstm(4, 3, {.embedding = 5, .hidden = 6, .layers = 2});
  const at::Tensor w = random_tensor({network->dimension()}, Key{1}), x = random_tokens(3, 7, 4);
  const ParameterTensors p = split_parameters(w, network->parameters());
  const ParameterTensors cells = {p[1], p[3], p[2], p[4], p[5], p[7], p[6], p[8]};
  const at::Tensor zeros = at::zeros({2, 3, 6}, at::kDouble);
  const auto fused = at::lstm(at::embedding(p[0], x),
                              {zeros, zeros},
                              cells,
                              /*has_biases=*/true,
                              /*num_layers=*/2,
                              /*dropout=*/0,
                              /*train=*/false,
                              /*bidirectional=*/false,
                              /*batch_first=*/true);
  const at::Tensor expected = at::matmul(std::get<0>(fused), p[9].t()) + p[10];
  EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-12, 1e-13));
}

TEST(Lstm, DoesNotSeeTheFuture) {
  const auto network = make_lstm(4, 3, {.embedding = 5, .hidden = 6});
  const at::Tensor w = network->initial_weights(Key{1}), x = random_tokens(3, 7, 4);
  const at::Tensor before = network->forward(w, x);
  at::Tensor changed = x.clone();
  changed.select(1, 4).add_(1).remainder_(4);
  const at::Tensor after = network->forward(w, changed);
  EXPECT_TRUE(at::equal(after.narrow(1, 0, 4), before.narrow(1, 0, 4)));
  for (int t = 4; t < 7; ++t) EXPECT_FALSE(at::equal(after.select(1, t), before.select(1, t)));
}

}  // namespace
}  // namespace thalweg::nn
