#include "nn/layers.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support/small_problem.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;

double number(const at::Tensor& x) { return x.item<double>(); }

// The norms' twins go number by number, from the definitions.

TEST(LayerNorm, MatchesItsDefinition) {
  const at::Tensor x = random_tensor({3, 4, 5}, Key{1}), gamma = random_tensor({5}, Key{2}),
                   beta = random_tensor({5}, Key{3});
  const at::Tensor y = LayerNorm{.gamma = 0, .beta = 1}({gamma, beta}, x);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 4; ++j) {
      double mean = 0, variance = 0;
      for (int k = 0; k < 5; ++k) mean += number(x[i][j][k]) / 5;
      for (int k = 0; k < 5; ++k) variance += std::pow(number(x[i][j][k]) - mean, 2) / 4;
      for (int k = 0; k < 5; ++k) {
        const double normal = (number(x[i][j][k]) - mean) / (std::sqrt(variance) + 1e-6);
        EXPECT_NEAR(number(y[i][j][k]), number(gamma[k]) * normal + number(beta[k]), 1e-14);
      }
    }
  }
}

TEST(LayerNorm, HasFiniteDerivativesWhereTheInputIsConstant) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::AutoGradMode enable(true);
    const at::Tensor x = at::full({2, 4}, 3, type).requires_grad_();
    const at::Tensor y =
        LayerNorm{.gamma = 0, .beta = 1}({at::ones({4}, type), at::zeros({4}, type)}, x);
    const at::Tensor weighted = (y * at::arange(4, type)).square().sum() + y.sum();
    const at::Tensor g = torch::autograd::grad({weighted}, {x}, {}, true, true)[0];
    EXPECT_TRUE(at::isfinite(g).all().item<bool>());
    const at::Tensor second = torch::autograd::grad({g.square().sum()}, {x})[0];
    EXPECT_TRUE(at::isfinite(second).all().item<bool>());
  }
}

TEST(RmsNorm, MatchesItsDefinition) {
  const at::Tensor x = random_tensor({3, 5}, Key{1}), gamma = random_tensor({5}, Key{2});
  const at::Tensor y = RmsNorm{.gamma = 0}({gamma}, x);
  for (int i = 0; i < 3; ++i) {
    double square = 0;
    for (int k = 0; k < 5; ++k) square += std::pow(number(x[i][k]), 2) / 5;
    for (int k = 0; k < 5; ++k) {
      EXPECT_NEAR(
          number(y[i][k]), number(gamma[k]) * number(x[i][k]) / std::sqrt(square + 1e-5), 1e-14);
    }
  }
}

TEST(GroupNorm, MatchesItsDefinition) {
  const at::Tensor x = random_tensor({2, 6, 3, 2}, Key{1}), gamma = random_tensor({6}, Key{2}),
                   beta = random_tensor({6}, Key{3});
  const at::Tensor y = GroupNorm{.gamma = 0, .beta = 1, .groups = 3}({gamma, beta}, x);
  for (int i = 0; i < 2; ++i) {
    for (int group = 0; group < 3; ++group) {
      double mean = 0, variance = 0;
      const auto each = [&](auto visit) {
        for (int c = 2 * group; c < 2 * group + 2; ++c)
          for (int p = 0; p < 6; ++p) visit(c, p / 2, p % 2);
      };
      each([&](int c, int h, int w) { mean += number(x[i][c][h][w]) / 12; });
      each(
          [&](int c, int h, int w) { variance += std::pow(number(x[i][c][h][w]) - mean, 2) / 11; });
      each([&](int c, int h, int w) {
        const double normal = (number(x[i][c][h][w]) - mean) / std::sqrt(variance + 1e-6);
        EXPECT_NEAR(number(y[i][c][h][w]), number(gamma[c]) * normal + number(beta[c]), 1e-14);
      });
    }
  }
}

/// softmax(q k^T / sqrt(head width)) v, head by head and position by position.
at::Tensor naive_attention(const at::Tensor& q,
                           const at::Tensor& k,
                           const at::Tensor& v,
                           std::int64_t heads,
                           bool causal) {
  const std::int64_t width = q.size(2) / heads;
  at::Tensor result = at::zeros_like(q);
  for (std::int64_t n = 0; n < q.size(0); ++n) {
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t t = 0; t < q.size(1); ++t) {
        const std::int64_t seen = causal ? t + 1 : k.size(1);
        double total = 0;
        for (std::int64_t s = 0; s < seen; ++s) {
          const auto head = [&](const at::Tensor& x, std::int64_t position) {
            return x[n][position].narrow(0, h * width, width);
          };
          const double weight =
              std::exp(number(at::dot(head(q, t), head(k, s))) / std::sqrt(double(width)));
          head(result, t).add_(head(v, s), weight);
          total += weight;
        }
        result[n][t].narrow(0, h * width, width).div_(total);
      }
    }
  }
  return result;
}

TEST(Attention, MatchesItsDefinition) {
  const at::Tensor x = random_tensor({2, 4, 5}, Key{1}), memory = random_tensor({2, 4, 5}, Key{2});
  const ParameterTensors weights = {random_tensor({6, 5}, Key{3}),
                                    random_tensor({6, 5}, Key{4}),
                                    random_tensor({6, 5}, Key{5}),
                                    random_tensor({5, 6}, Key{6})};
  const Attention attention = {.query = {.weight = 0},
                               .key = {.weight = 1},
                               .value = {.weight = 2},
                               .out = {.weight = 3},
                               .heads = 2};
  const auto project = [](const at::Tensor& in, const at::Tensor& w) {
    return at::matmul(in, w.t());
  };
  for (const bool causal : {false, true}) {
    const at::Tensor seen = naive_attention(project(x, weights[0]),
                                            project(memory, weights[1]),
                                            project(memory, weights[2]),
                                            2,
                                            causal);
    EXPECT_TRUE(at::allclose(
        attention(weights, x, memory, causal), project(seen, weights[3]), 1e-12, 1e-13));
  }
}

}  // namespace
}  // namespace thalweg::nn
