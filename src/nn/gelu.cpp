#include "gelu.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/kernels/gelu.hpp"

namespace thalweg::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr std::int64_t kGrain = 1 << 15;

template <typename T>
at::Tensor curved_in_one_pass(const at::Tensor& v, const at::Tensor& g, const at::Tensor& x) {
  const at::Tensor result = at::empty_like(x);
  const auto elements = [&](const at::Tensor& t, std::int64_t first, std::int64_t last) {
    return std::span<T>(t.data_ptr<T>() + first, static_cast<std::size_t>(last - first));
  };
  at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t first, std::int64_t last) {
    kernels::gelu_curvature_times(elements(x, first, last),
                                  elements(v, first, last),
                                  elements(g, first, last),
                                  elements(result, first, last));
  });
  return result;
}

/// v g gelu''(x), gelu''(x) = phi(x) (2 - x^2).
at::Tensor curvature_times(const at::Tensor& v, const at::Tensor& g, const at::Tensor& x) {
  if (at::GradMode::is_enabled() || !x.is_cpu()) {
    const at::Tensor square = x * x;
    return v * g * (2 - square) * at::exp(-0.5 * square) *
           (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  }
  const at::Tensor vs = v.contiguous(), gs = g.contiguous(), xs = x.contiguous();
  return x.scalar_type() == at::kFloat ? curved_in_one_pass<float>(vs, gs, xs)
                                       : curved_in_one_pass<double>(vs, gs, xs);
}

/// g gelu'(x).
struct Slope : Function<Slope> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& g, const at::Tensor& x) {
    context->save_for_backward({g, x});
    return at::gelu_backward(g, x, "none");
  }

  static variable_list backward(AutogradContext* context, const variable_list& v) {
    const variable_list given = context->get_saved_variables();
    variable_list gradients(2);
    if (context->needs_input_grad(0)) gradients[0] = Slope::apply(v[0], given[1]);
    if (context->needs_input_grad(1)) gradients[1] = curvature_times(v[0], given[0], given[1]);
    return gradients;
  }
};

struct Gelu : Function<Gelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return at::gelu(x, "none");
  }

  static variable_list backward(AutogradContext* context, const variable_list& g) {
    return {Slope::apply(g[0], context->get_saved_variables()[0])};
  }
};

}  // namespace

at::Tensor gelu(const at::Tensor& x) { return Gelu::apply(x); }

}  // namespace thalweg::nn
