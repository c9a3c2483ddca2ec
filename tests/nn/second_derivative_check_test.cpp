#include "nn/second_derivative_check.hpp"

#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/custom_function.h>

#include "support/small_problem.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::nn {
namespace {

using ::testing::ElementsAre;
using testing::random_tensor;
using Verdict = SecondDerivativeCheck::Verdict;
using Tensors = std::vector<at::Tensor>;

/// x^3 whose backward pass takes the saved x for a constant.
struct Cube : torch::autograd::Function<Cube> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x * x * x;
  }
  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradient) {
    const at::Tensor x = context->get_saved_variables()[0].detach();
    return {gradient[0] * 3 * x * x};
  }
};

/// x / |x| whose backward pass takes the saved |x| for a constant, as `_weight_norm` does: the
/// second derivative is not even symmetric.
struct Direction : torch::autograd::Function<Direction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x / x.norm();
  }
  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradient) {
    const at::Tensor x = context->get_saved_variables()[0];
    const at::Tensor length = x.norm().detach();
    return {gradient[0] / length - x * (x * gradient[0]).sum() / length.pow(3)};
  }
};

at::Tensor network(const Tensors& w, const at::Tensor& x) {
  return at::tanh(x.matmul(w[0])).matmul(w[1]).square().sum();
}

Tensors point(at::ScalarType dtype = at::kDouble) {
  return {random_tensor({3, 5}, Key{1}).to(dtype), random_tensor({5, 2}, Key{2}).to(dtype)};
}

TEST(SecondDerivativeCheck, PassesASmoothFunction) {
  const at::Tensor x = random_tensor({6, 3}, Key{3});
  EXPECT_EQ(
      check_second_derivative([&](const Tensors& w) { return network(w, x); }, point()).verdict,
      Verdict::kRight);
}

TEST(SecondDerivativeCheck, PassesFloat32) {
  const at::Tensor x = random_tensor({6, 3}, Key{3}).to(at::kFloat);
  EXPECT_EQ(
      check_second_derivative([&](const Tensors& w) { return network(w, x); }, point(at::kFloat))
          .verdict,
      Verdict::kRight);
}

// Kinks everywhere, but none within a millionth of the weights.
TEST(SecondDerivativeCheck, PassesKinks) {
  const at::Tensor x = random_tensor({500, 3}, Key{3});
  const auto relu = [&](const Tensors& w) {
    return at::relu(x.matmul(w[0])).matmul(w[1]).square().sum();
  };
  EXPECT_EQ(check_second_derivative(relu, point()).verdict, Verdict::kRight);
}

TEST(SecondDerivativeCheck, PassesFunctionsThatAreLinearOrConstantInATensor) {
  const auto linear = [](const Tensors& w) { return w[0].sum() + w[1].pow(2).sum() * 0.5; };
  EXPECT_EQ(check_second_derivative(linear, point()).verdict, Verdict::kRight);
  const auto unused = [](const Tensors& w) { return w[1].pow(4).sum(); };
  EXPECT_EQ(check_second_derivative(unused, point()).verdict, Verdict::kRight);
}

TEST(SecondDerivativeCheck, FindsTheTensorBehindAWrongOperator) {
  const at::Tensor x = random_tensor({6, 3}, Key{3});
  const auto wrong = [&](const Tensors& w) {
    return at::tanh(x.matmul(Cube::apply(w[0]))).matmul(w[1]).square().sum();
  };
  const auto found = check_second_derivative(wrong, point());
  EXPECT_EQ(found.verdict, Verdict::kWrong);
  EXPECT_THAT(found.wrong, ElementsAre(0));
  EXPECT_NE(found.found, found.expected);
}

// The error is as small beside the rest of the Hessian as 1e-4.
TEST(SecondDerivativeCheck, FindsASmallError) {
  const auto wrong = [](const Tensors& w) {
    return w[1].pow(4).sum() + 1e-4 * Cube::apply(w[0]).sum() + w[0].pow(2).sum();
  };
  EXPECT_EQ(check_second_derivative(wrong, point()).verdict, Verdict::kRight)
      << "an error of less than a thousandth of its own block is rounding to it";
  const auto visible = [](const Tensors& w) {
    return w[1].pow(4).sum() + 1e-4 * (Cube::apply(w[0]).sum() + w[0].pow(2).sum());
  };
  EXPECT_EQ(check_second_derivative(visible, point()).verdict, Verdict::kWrong);
}

// In float32 only an asymmetry can be seen.
TEST(SecondDerivativeCheck, FindsAnAsymmetryInFloat32) {
  const at::Tensor x = random_tensor({6, 3}, Key{3}).to(at::kFloat);
  const auto wrong = [&](const Tensors& w) {
    const at::Tensor scale = w[0].detach().norm();
    return at::tanh(x.matmul(w[0] * scale)).matmul(w[1]).square().sum();
  };
  EXPECT_EQ(check_second_derivative(wrong, point(at::kFloat)).verdict, Verdict::kRight)
      << "a detached factor leaves the Hessian of another function, which is symmetric";
  const auto normed = [&](const Tensors& w) {
    return at::tanh(x.matmul(Direction::apply(w[0]))).matmul(w[1]).square().sum();
  };
  EXPECT_EQ(check_second_derivative(normed, point(at::kFloat)).verdict, Verdict::kWrong);
}

// Stop-gradients and straight-through estimators: what is differentiated is not the derivative.
TEST(SecondDerivativeCheck, RefusesGradientsThatAreNotDerivatives) {
  const auto stopped = [](const Tensors& w) { return (w[0].detach() * w[0]).pow(2).sum(); };
  EXPECT_EQ(check_second_derivative(stopped, point()).verdict, Verdict::kWrong);
  const auto straight_through = [](const Tensors& w) {
    const at::Tensor rounded = w[0] + (w[0].round() - w[0]).detach();
    return (rounded - 0.3).pow(4).sum() + w[1].pow(2).sum();
  };
  EXPECT_EQ(check_second_derivative(straight_through, point()).verdict, Verdict::kWrong);
}

}  // namespace
}  // namespace thalweg::nn
