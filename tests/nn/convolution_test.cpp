#include "nn/convolution.hpp"

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support/small_problem.hpp"

namespace thalweg::nn {
namespace {

using testing::random_tensor;
using torch::autograd::grad;

struct Case {
  std::vector<std::int64_t> x, weight;
  std::int64_t stride, padding;
};

/// A scalar that is curved in x and w, its gradient, its Hessian's product with a fixed vector and
/// that product's gradient along another, for a function that convolves.
template <typename Convolve>
std::vector<at::Tensor> derivatives(const Case& c, const Convolve& convolve) {
  at::Tensor x = random_tensor(c.x, Key{1}).requires_grad_();
  at::Tensor w = random_tensor(c.weight, Key{2}).requires_grad_();
  const at::Tensor once = convolve(x, w, c.stride, c.padding);
  auto found = grad({at::sin(once).sum()}, {x, w}, {}, true, true);
  for (std::uint64_t order = 2; order <= 3; ++order) {
    const std::size_t last = found.size() - 2;
    const auto next =
        grad({found[last], found[last + 1]},
             {x, w},
             {random_tensor(c.x, Key{3}.with(order)), random_tensor(c.weight, Key{4}.with(order))},
             true,
             true);
    found.insert(found.end(), next.begin(), next.end());
  }
  found.push_back(once);
  return found;
}

TEST(Convolution, HasTheDerivativesOfLibtorchs) {
  const std::vector<Case> cases = {{{2, 3, 6, 5}, {4, 3, 3, 3}, 1, 1},
                                   {{2, 3, 7, 6}, {4, 3, 3, 3}, 2, 1},
                                   {{1, 1, 5, 5}, {2, 1, 5, 5}, 1, 2},
                                   {{3, 2, 4, 4}, {2, 2, 1, 1}, 2, 0}};
  for (const Case& c : cases) {
    const auto ours = derivatives(c, convolve);
    const auto theirs = derivatives(
        c, [](const at::Tensor& x, const at::Tensor& w, std::int64_t stride, std::int64_t padding) {
          return at::conv2d(x, w, {}, stride, padding);
        });
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i)
      EXPECT_TRUE(at::allclose(ours[i], theirs[i], 1e-11, 1e-11))
          << "stride " << c.stride << ", " << i;
  }
}

// The first layer's input has no gradient, and asking for one argument's must not need the other's.
TEST(Convolution, DifferentiatesByOneArgumentAlone) {
  const at::Tensor x = random_tensor({2, 1, 4, 4}, Key{1});
  at::Tensor w = random_tensor({3, 1, 3, 3}, Key{2}).requires_grad_();
  const at::Tensor v = random_tensor({3, 1, 3, 3}, Key{3});
  const auto product = [&](const at::Tensor& convolved) {
    const auto gradient = grad({at::exp(convolved).sum()}, {w}, {}, true, true);
    return grad({gradient[0]}, {w}, {v})[0];
  };
  EXPECT_TRUE(
      at::allclose(product(convolve(x, w, 1, 1)), product(at::conv2d(x, w, {}, 1, 1)), 1e-12));
}

}  // namespace
}  // namespace thalweg::nn
