#include "nn/torchscript_operators.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include "nn/second_derivative_check.hpp"
#include "support/small_problem.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;
using Tensors = std::vector<at::Tensor>;
using Verdict = SecondDerivativeCheck::Verdict;

/// A function of tensors in the language of TorchScript, as a user's module reaches the operators.
at::Tensor run(const std::string& expression, const std::string& names, const Tensors& arguments) {
  provide_operators();
  torch::jit::Module module("Function");
  module.define("def forward(self, " + names + "):\n    return " + expression + "\n");
  return module.forward({arguments.begin(), arguments.end()}).toTensor();
}

constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// softmax(scale q k^T + mask) v by loops over positions, for q (H, L, E), k (G, S, E), v (G, S,
/// V).
at::Tensor attention_by_loops(const at::Tensor& q,
                              const at::Tensor& k,
                              const at::Tensor& v,
                              double scale,
                              const std::function<double(int, int)>& mask) {
  const at::Tensor out = at::zeros({q.size(0), q.size(1), v.size(2)}, at::kDouble);
  for (int h = 0; h < q.size(0); ++h) {
    const auto group = h / (q.size(0) / k.size(0));
    for (int i = 0; i < q.size(1); ++i) {
      double total = 0;
      at::Tensor sum = at::zeros({v.size(2)}, at::kDouble);
      for (int j = 0; j < k.size(1); ++j) {
        const double weight =
            std::exp(scale * q[h][i].dot(k[group][j]).item<double>() + mask(i, j));
        total += weight;
        sum = sum + weight * v[group][j];
      }
      if (total > 0) out[h][i].copy_(sum / total);
    }
  }
  return out;
}

class DotProductAttention : public ::testing::Test {
 protected:
  at::Tensor q = random_tensor({4, 3, 5}, Key{1}), k = random_tensor({4, 6, 5}, Key{2}),
             v = random_tensor({4, 6, 2}, Key{3});
  double scale = 1 / std::sqrt(5.0);

  static constexpr const char* kNames = "q, k, v, mask";

  at::Tensor found(const std::string& options, const at::Tensor& mask = at::zeros({1})) const {
    return run(
        "torch.scaled_dot_product_attention(q, k, v" + options + ")", kNames, {q, k, v, mask});
  }
};

TEST_F(DotProductAttention, IsASoftmaxOverPositions) {
  EXPECT_TRUE(
      at::allclose(found(""), attention_by_loops(q, k, v, scale, [](int, int) { return 0; })));
  EXPECT_TRUE(at::allclose(found(", scale=0.3"),
                           attention_by_loops(q, k, v, 0.3, [](int, int) { return 0; })));
}

TEST_F(DotProductAttention, HidesWhatMasksHide) {
  const auto causal = [](int i, int j) { return j <= i ? 0 : kHidden; };
  EXPECT_TRUE(at::allclose(found(", is_causal=True"), attention_by_loops(q, k, v, scale, causal)));
  const at::Tensor added = random_tensor({3, 6}, Key{4});
  EXPECT_TRUE(
      at::allclose(found(", mask", added), attention_by_loops(q, k, v, scale, [&](int i, int j) {
                     return added[i][j].item<double>();
                   })));
  const at::Tensor seen = added.gt(0);
  EXPECT_TRUE(
      at::allclose(found(", mask", seen), attention_by_loops(q, k, v, scale, [&](int i, int j) {
                     return seen[i][j].item<bool>() ? 0 : kHidden;
                   })));
}

TEST_F(DotProductAttention, GivesZeroWhereEverythingIsHidden) {
  at::Tensor seen = at::ones({3, 6}, at::kBool);
  seen[1].fill_(false);
  const at::Tensor out = found(", mask", seen);
  EXPECT_TRUE(out.select(1, 1).eq(0).all().item<bool>());
  EXPECT_TRUE(out.isfinite().all().item<bool>());
}

TEST_F(DotProductAttention, SharesHeadsBetweenGroups) {
  k = random_tensor({2, 6, 5}, Key{2});
  v = random_tensor({2, 6, 2}, Key{3});
  EXPECT_TRUE(at::allclose(found(", enable_gqa=True"),
                           attention_by_loops(q, k, v, scale, [](int, int) { return 0; })));
}

TEST_F(DotProductAttention, HasExactSecondDerivatives) {
  at::Tensor seen = at::ones({3, 6}, at::kBool);
  seen[1].fill_(false);
  for (const std::string options : {"", ", is_causal=True", ", mask"}) {
    const auto function = [&](const Tensors& w) {
      return run("torch.scaled_dot_product_attention(q, k, v" + options + ")",
                 kNames,
                 {w[0], w[1], w[2], seen})
          .pow(3)
          .sum();
    };
    EXPECT_EQ(check_second_derivative(function, {q, k, v}).verdict, Verdict::kRight) << options;
  }
}

TEST(BroadcastShapes, IsTheCommonShape) {
  const at::Tensor a = random_tensor({2, 1, 4}, Key{1}), b = random_tensor({3, 1}, Key{2});
  const at::Tensor out =
      run("a.expand(torch.broadcast_shapes(a.size(), b.size()))", "a, b", {a, b});
  EXPECT_EQ(out.sizes(), (std::vector<std::int64_t>{2, 3, 4}));
}

TEST(Hardsigmoid, HasASecondDerivative) {
  const at::Tensor x = 4 * random_tensor({20}, Key{1});
  const auto function = [](const Tensors& w) {
    return run("torch.hardsigmoid(x)", "x", w).pow(3).sum();
  };
  EXPECT_TRUE(at::allclose(run("torch.hardsigmoid(x)", "x", {x}), at::hardsigmoid(x)));
  EXPECT_EQ(check_second_derivative(function, {x}).verdict, Verdict::kRight);
}

// x / sqrt(mean x^2 + eps) over the last axes.
TEST(RmsNorm, DividesByTheRootMeanSquare) {
  const at::Tensor x = random_tensor({4, 2, 3}, Key{1}), w = random_tensor({2, 3}, Key{2});
  const at::Tensor out = run("torch.rms_norm(x, [2, 3], w, 0.1)", "x, w", {x, w});
  for (int i = 0; i < 4; ++i) {
    const double mean = x[i].square().mean().item<double>();
    EXPECT_TRUE(at::allclose(out[i], x[i] * w / std::sqrt(mean + 0.1))) << i;
  }
  // Without an epsilon that of the dtype, which shows for small numbers only.
  const at::Tensor small = run("torch.rms_norm(x, [3])", "x", {x * 1e-8});
  const at::Tensor mean = (x * 1e-8).square().mean({-1}, true);
  EXPECT_TRUE(at::allclose(
      small, x * 1e-8 / (mean + std::numeric_limits<double>::epsilon()).sqrt(), 1e-12, 0));
  const auto function = [](const Tensors& leaves) {
    return run("torch.rms_norm(x, [2, 3], w)", "x, w", leaves).pow(3).sum();
  };
  EXPECT_EQ(check_second_derivative(function, {x, w}).verdict, Verdict::kRight);
}

// libtorch's own takes the norm for a constant when it differentiates a second time.
TEST(WeightNorm, HasTheSecondDerivativeOfItsFormula) {
  const at::Tensor v = random_tensor({2, 5}, Key{1}), g = random_tensor({2, 1}, Key{2});
  const at::Tensor x = random_tensor({6, 5}, Key{3});
  const auto loss = [&](const at::Tensor& w) { return at::tanh(x.matmul(w.t())).square().sum(); };
  const auto norm = [](const Tensors& w) { return run("torch._weight_norm(v, g, 0)", "v, g", w); };
  EXPECT_TRUE(at::allclose(norm({v, g}), v * g / v.norm(2, {1}, true)));
  EXPECT_EQ(
      check_second_derivative([&](const Tensors& w) { return loss(norm(w)); }, {v, g}).verdict,
      Verdict::kRight);
}

}  // namespace
}  // namespace thalweg::nn
