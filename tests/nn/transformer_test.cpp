#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;
using testing::random_tokens;

at::Tensor norm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta) {
  return gamma * (x - x.mean(-1, true)) / (x.std(-1, /*unbiased=*/true, true) + 1e-6) + beta;
}

/// One head with the parameters p[first ... first + 7]; columns of later positions are dropped one
/// by one where causal.
at::Tensor naive_attention(const ParameterTensors& p,
                           std::size_t first,
                           const at::Tensor& x,
                           const at::Tensor& memory,
                           bool causal) {
  const auto linear = [&](const at::Tensor& in, std::size_t i) {
    return at::matmul(in, p[first + i].t()) + p[first + i + 1];
  };
  const at::Tensor q = linear(x, 0), k = linear(memory, 2), v = linear(memory, 4);
  std::vector<at::Tensor> rows;
  for (std::int64_t t = 0; t < x.size(1); ++t) {
    const std::int64_t seen = causal ? t + 1 : x.size(1);
    const at::Tensor scores =
        at::matmul(q.narrow(1, t, 1), k.narrow(1, 0, seen).transpose(1, 2)) / std::sqrt(q.size(2));
    rows.push_back(at::matmul(at::softmax(scores, -1), v.narrow(1, 0, seen)));
  }
  return linear(at::cat(rows, 1), 6);
}

TEST(Transformer, MatchesItsFormula) {
  for (const bool causal : {true, false}) {
    const auto network =
        make_transformer(5, 3, {.width = 4, .layers = 1, .heads = 1, .mlp = 6, .causal = causal});
    const at::Tensor w = random_tensor({network->dimension()}, Key{1}), x = random_tokens(3, 6, 5);
    const ParameterTensors p = split_parameters(w, network->parameters());
    ASSERT_EQ(p.size(), 29);
    at::Tensor positions = at::empty({6, 4}, at::kDouble);
    for (int t = 0; t < 6; ++t) {
      positions[t][0] = std::sin(t);
      positions[t][1] = std::cos(t);
      positions[t][2] = std::sin(t / 100.0);
      positions[t][3] = std::cos(t / 100.0);
    }
    const at::Tensor source = 2 * at::embedding(p[0], x) + positions;
    at::Tensor h = norm(source + naive_attention(p, 1, source, source, true), p[9], p[10]);
    h = norm(h + naive_attention(p, 11, h, source, causal), p[19], p[20]);
    const at::Tensor hidden = at::gelu(at::matmul(h, p[21].t()) + p[22]);
    h = norm(h + at::matmul(hidden, p[23].t()) + p[24], p[25], p[26]);
    const at::Tensor expected = at::matmul(h, p[27].t()) + p[28];
    EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-11, 1e-12)) << causal;
  }
}

/// Whether changing token 4 of 7 changes outputs before it.
bool sees_the_future(bool causal) {
  const auto network = make_transformer(4, 3, {.causal = causal, .output_scale = 1});
  const at::Tensor w = network->initial_weights(Key{1}), x = random_tokens(3, 7, 4);
  const at::Tensor before = network->forward(w, x);
  at::Tensor changed = x.clone();
  changed.select(1, 4).add_(1).remainder_(4);
  const at::Tensor after = network->forward(w, changed);
  EXPECT_FALSE(at::allclose(after.select(1, 4), before.select(1, 4)));
  return !at::allclose(after.narrow(1, 0, 4), before.narrow(1, 0, 4), 1e-12, 1e-12);
}

TEST(Transformer, DoesNotSeeTheFutureUnlessAsked) {
  EXPECT_FALSE(sees_the_future(true));
  EXPECT_TRUE(sees_the_future(false));
}

}  // namespace
}  // namespace thalweg::nn
