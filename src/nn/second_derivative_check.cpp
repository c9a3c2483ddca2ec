#include "nn/second_derivative_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "thalweg/base/random.hpp"

namespace thalweg::nn {
namespace {

using Tensors = std::vector<at::Tensor>;
using Verdict = SecondDerivativeCheck::Verdict;

Tensors leaves_at(const Tensors& point) {
  Tensors leaves;
  for (const at::Tensor& tensor : point)
    leaves.push_back(tensor.detach().clone().requires_grad_(true));
  return leaves;
}

/// Zeros stand for what a function does not depend on.
Tensors defined(Tensors tensors, const Tensors& like) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) tensors[i] = at::zeros_like(like[i]);
  }
  return tensors;
}

Tensors gradient_at(const ScalarFunction& function, const Tensors& point) {
  const Tensors leaves = leaves_at(point);
  return defined(torch::autograd::grad({function(leaves)}, leaves, {}, {}, false, true), point);
}

/// Products of the Hessian at one point.
class Hessian {
 public:
  Hessian(const ScalarFunction& function, const Tensors& point)
      : leaves_(leaves_at(point)),
        gradient_(torch::autograd::grad({function(leaves_)}, leaves_, {}, true, true, true)) {}

  Tensors times(const Tensors& v) const {
    Tensors parts, directions;
    for (std::size_t i = 0; i < gradient_.size(); ++i) {
      if (!gradient_[i].defined() || !gradient_[i].requires_grad()) continue;
      parts.push_back(gradient_[i]);
      directions.push_back(v[i]);
    }
    if (parts.empty()) return defined(Tensors(v.size()), v);
    return defined(torch::autograd::grad(parts, leaves_, directions, true, false, true), v);
  }

 private:
  Tensors leaves_, gradient_;
};

/// Normal, each tensor as large as the point's.
Tensors random_direction(const Tensors& point, Key key) {
  constexpr double kSmallest = 0.01;
  Tensors direction;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const at::Tensor normal = at::empty(point[i].sizes(), at::kDouble);
    const auto size = static_cast<std::size_t>(normal.numel());
    fill_normal(std::span(normal.data_ptr<double>(), size), key.with(i));
    const double square = point[i].square().sum().item<double>();
    const double scale = std::sqrt(square / std::max(1.0, static_cast<double>(size)));
    direction.push_back((normal * std::max(scale, kSmallest)).to(point[i].scalar_type()));
  }
  return direction;
}

Tensors moved(const Tensors& point, const Tensors& v, double h) {
  Tensors result;
  for (std::size_t i = 0; i < point.size(); ++i) result.push_back(point[i] + h * v[i]);
  return result;
}

Tensors difference_quotient(const ScalarFunction& function,
                            const Tensors& point,
                            const Tensors& v,
                            double h) {
  Tensors forward = gradient_at(function, moved(point, v, h));
  const Tensors backward = gradient_at(function, moved(point, v, -h));
  for (std::size_t i = 0; i < forward.size(); ++i)
    forward[i] = (forward[i] - backward[i]) / (2 * h);
  return forward;
}

double length(const at::Tensor& tensor) { return tensor.norm().item<double>(); }

double length(const Tensors& tensors) {
  double square = 0;
  for (const at::Tensor& tensor : tensors) square += std::pow(length(tensor), 2);
  return std::sqrt(square);
}

double dot(const Tensors& a, const Tensors& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i].mul(b[i]).sum().item<double>();
  return sum;
}

/// The tensors in which two products differ by more than rounding and truncation explain.
std::vector<std::size_t> differing(const Tensors& product, const Tensors& quotient) {
  constexpr double kRelative = 1e-3, kOfTheWhole = 1e-6;
  const double whole = std::max(length(product), length(quotient));
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < product.size(); ++i) {
    const double error = length(product[i] - quotient[i]);
    const double size = std::max(length(product[i]), length(quotient[i]));
    // Written so that a NaN differs.
    if (!(error <= kRelative * size + kOfTheWhole * whole)) found.push_back(i);
  }
  return found;
}

SecondDerivativeCheck check_by_differences(const ScalarFunction& function, const Tensors& point) {
  constexpr double kStep = 1e-6, kSettled = 0.05;
  constexpr int kDirections = 4, kConfirmations = 2;
  const Hessian hessian(function, point);
  int confirmed = 0;
  SecondDerivativeCheck check;
  for (int i = 0; i < kDirections; ++i) {
    const Tensors v = random_direction(
        point, Key{}.with("second derivative").with(static_cast<std::uint64_t>(i)));
    const Tensors product = hessian.times(v);
    const Tensors quotient = difference_quotient(function, point, v, kStep);
    auto wrong = differing(product, quotient);
    if (wrong.empty()) return {};
    const Tensors finer = difference_quotient(function, point, v, kStep / 4);
    std::erase_if(wrong, [&](std::size_t j) {
      return length(quotient[j] - finer[j]) > kSettled * length(product[j] - quotient[j]);
    });
    if (wrong.empty()) continue;
    ++confirmed;
    check.wrong = wrong;
    check.found = length(product[wrong.front()]);
    check.expected = length(quotient[wrong.front()]);
  }
  check.verdict = confirmed >= kConfirmations ? Verdict::kWrong : Verdict::kUnclear;
  return check;
}

SecondDerivativeCheck check_by_symmetry(const ScalarFunction& function, const Tensors& point) {
  constexpr double kRelative = 1e-3;
  const Hessian hessian(function, point);
  const Key key = Key{}.with("symmetry");
  const Tensors u = random_direction(point, key.with("u")),
                v = random_direction(point, key.with("v"));
  const Tensors hu = hessian.times(u), hv = hessian.times(v);
  SecondDerivativeCheck check;
  const double scale = std::max(length(u) * length(hv), length(v) * length(hu));
  if (std::abs(dot(u, hv) - dot(v, hu)) <= kRelative * scale) return check;
  check.verdict = Verdict::kWrong;
  check.found = dot(u, hv);
  check.expected = dot(v, hu);
  return check;
}

}  // namespace

SecondDerivativeCheck check_second_derivative(const ScalarFunction& function,
                                              const std::vector<at::Tensor>& point) {
  return point.front().scalar_type() == at::kDouble ? check_by_differences(function, point)
                                                    : check_by_symmetry(function, point);
}

}  // namespace thalweg::nn
