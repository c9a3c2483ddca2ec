#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;
using testing::random_tokens;

double number(const at::Tensor& x) { return x.item<double>(); }

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gamma) {
  return gamma * x / (x.square().mean(-1, true) + 1e-5).sqrt();
}

/// The mixer on one sequence (T, d), state by state; p[first ...] are its parameters in order: in,
/// conv weight and bias, select, step weight and bias, A_log, D, out.
at::Tensor naive_mix(const ParameterTensors& p, std::size_t first, const at::Tensor& input) {
  const at::Tensor both = at::matmul(input, p[first].t());
  const std::int64_t length = input.size(0), inner = both.size(1) / 2;
  const std::int64_t states = p[first + 6].size(1), taps = p[first + 1].size(1), rank = 1;
  at::Tensor x = at::empty({length, inner}, at::kDouble);
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t d = 0; d < inner; ++d) {
      double sum = number(p[first + 2][d]);
      for (std::int64_t k = 0; k < taps; ++k) {
        const std::int64_t s = t - (taps - 1) + k;
        if (s >= 0) sum += number(p[first + 1][d][k]) * number(both[s][d]);
      }
      x[t][d] = sum / (1 + std::exp(-sum));
    }
  }
  const at::Tensor selected = at::matmul(x, p[first + 3].t());
  const at::Tensor step =
      at::log1p(at::exp(at::matmul(selected.narrow(1, 0, rank), p[first + 4].t()) + p[first + 5]));
  at::Tensor y = at::empty({length, inner}, at::kDouble);
  for (std::int64_t d = 0; d < inner; ++d) {
    std::vector<double> h(static_cast<std::size_t>(states));
    for (std::int64_t t = 0; t < length; ++t) {
      double out = number(p[first + 7][d]) * number(x[t][d]);
      for (std::int64_t s = 0; s < states; ++s) {
        double& state = h[static_cast<std::size_t>(s)];
        const double size = number(step[t][d]), rate = -std::exp(number(p[first + 6][d][s]));
        state =
            std::exp(size * rate) * state + size * number(selected[t][rank + s]) * number(x[t][d]);
        out += number(selected[t][rank + states + s]) * state;
      }
      y[t][d] = out;
    }
  }
  return at::matmul(y * at::silu(both.narrow(1, inner, inner)), p[first + 8].t());
}

TEST(Mamba, MatchesItsRecurrence) {
  const auto network =
      make_mamba(4, 3, {.width = 3, .layers = 1, .states = 2, .expand = 2, .taps = 3});
  const at::Tensor w = random_tensor({network->dimension()}, Key{1}), x = random_tokens(1, 6, 4);
  const ParameterTensors p = split_parameters(w, network->parameters());
  ASSERT_EQ(p.size(), 13);
  at::Tensor h = at::embedding(p[0], x[0]);
  h = h + naive_mix(p, 2, rms_norm(h, p[1]));
  const at::Tensor expected = at::matmul(rms_norm(h, p[11]), p[12].t());
  EXPECT_TRUE(at::allclose(network->forward(w, x)[0], expected, 1e-11, 1e-12));
}

TEST(Mamba, DoesNotSeeTheFuture) {
  const auto network = make_mamba(4, 3, {.width = 6, .output_scale = 1});
  const at::Tensor w = network->initial_weights(Key{1}), x = random_tokens(3, 7, 4);
  const at::Tensor before = network->forward(w, x);
  at::Tensor changed = x.clone();
  changed.select(1, 4).add_(1).remainder_(4);
  const at::Tensor after = network->forward(w, changed);
  EXPECT_TRUE(at::equal(after.narrow(1, 0, 4), before.narrow(1, 0, 4)));
  for (int t = 4; t < 7; ++t) EXPECT_FALSE(at::equal(after.select(1, t), before.select(1, t)));
}

TEST(Mamba, StartsWithPublishedRatesAndSteps) {
  const auto network = make_mamba(4, 4);
  const at::Tensor w = network->initial_weights(Key{1});
  const ParameterTensors p = split_parameters(w, network->parameters());
  ASSERT_EQ(network->parameters()[8].name, "layers.0.A_log");
  EXPECT_TRUE(at::allclose(p[8].exp()[5], at::arange(1, 17, at::kDouble)));
  const at::Tensor steps = at::softplus(p[7]);
  EXPECT_GE(number(steps.min()), 1e-3 * (1 - 1e-9));
  EXPECT_LE(number(steps.max()), .1 * (1 + 1e-9));
  // Log-uniform: the mean of log(step / 1e-3) / log(100) over 128 draws is 1/2 within four standard
  // errors of 1/sqrt(12 * 128), once in 16,000 times not.
  EXPECT_NEAR(number(at::log(steps / 1e-3).mean()) / std::log(100), .5, 4 / std::sqrt(12 * 128));
}

}  // namespace
}  // namespace thalweg::nn
