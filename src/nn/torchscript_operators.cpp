#include "nn/torchscript_operators.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/library.h>
#include <torch/version.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"

namespace thalweg::nn {
namespace {

/// v g / |v|, the norm over all axes but `dim`. Source: [Salimans2016], arXiv:1602.07868.
at::Tensor weight_norm(const at::Tensor& v, const at::Tensor& g, std::int64_t dim) {
  return v * (g / at::norm_except_dim(v, 2, dim));
}

at::Tensor hardsigmoid(const at::Tensor& x) { return (x + 3).clamp(0, 6) / 6; }

/// An operator that takes any number of arguments of any types.
/// @param result  its type, as schemas have it: "Tensor", "int[]"
void add_operator_of_any_arguments(
    const std::string& name,
    const std::string& result,
    const std::function<void(std::size_t count, torch::jit::Stack&)>& operation) {
  torch::jit::registerOperator(torch::jit::Operator(
      name + "(...) -> " + result,
      [operation](torch::jit::Stack& stack) {
        operation(static_cast<std::size_t>(torch::jit::pop(stack).toInt()), stack);
      },
      c10::AliasAnalysisKind::CONSERVATIVE));
}

#if TORCH_VERSION_MAJOR < 2

/// softmax(scale q k^T + mask) v, as torch.nn.functional has it since PyTorch 2.0; a row whose
/// positions are all masked gives 0.
///
/// @param q  (..., L, E)   @param k (..., S, E)   @param v (..., S, Ev)
/// @param mask  (..., L, S): false or -infinity where a position is not seen
at::Tensor attention(const at::Tensor& q,
                     const at::Tensor& k,
                     const at::Tensor& v,
                     const c10::optional<at::Tensor>& mask,
                     double dropout,
                     bool is_causal,
                     c10::optional<double> scale,
                     bool grouped) {
  const auto repeated = [&](const at::Tensor& heads) {
    return grouped ? heads.repeat_interleave(q.size(-3) / heads.size(-3), -3) : heads;
  };
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1))));
  at::Tensor scores = at::matmul(q, repeated(k).transpose(-2, -1)) * factor;
  const double hidden = -std::numeric_limits<double>::infinity();
  if (is_causal) {
    const auto seen = at::ones({q.size(-2), k.size(-2)}, q.options().dtype(at::kBool)).tril();
    scores = scores.masked_fill(seen.logical_not(), hidden);
  }
  if (mask && mask->defined()) {
    scores = mask->scalar_type() == at::kBool ? scores.masked_fill(mask->logical_not(), hidden)
                                              : scores + *mask;
  }
  const at::Tensor blind = scores.eq(hidden).all(-1, /*keepdim=*/true);
  const at::Tensor weights = at::softmax(scores.masked_fill(blind, 0), -1).masked_fill(blind, 0);
  return at::matmul(dropout > 0 ? at::dropout(weights, dropout, true) : weights, repeated(v));
}

/// x / sqrt(mean(x^2) + epsilon) * weight over the last axes. Source: [Zhang2019],
/// arXiv:1910.07467.
at::Tensor rms_norm(const at::Tensor& x,
                    at::IntArrayRef shape,
                    const c10::optional<at::Tensor>& weight,
                    c10::optional<double> epsilon) {
  const auto axes = static_cast<std::int64_t>(shape.size());
  if (x.dim() < axes || x.sizes().slice(x.dim() - axes) != shape) {
    throw InvalidArgument("rms_norm",
                          fmt::format("expected inputs that end in {}; got {}",
                                      shape_text(shape.vec()),
                                      shape_text(x.sizes().vec())));
  }
  std::vector<std::int64_t> last;
  for (std::int64_t axis = 1; axis <= axes; ++axis) last.push_back(-axis);
  const double smallest = x.scalar_type() == at::kDouble
                              ? std::numeric_limits<double>::epsilon()
                              : static_cast<double>(std::numeric_limits<float>::epsilon());
  const at::Tensor mean = x.square().mean(last, /*keepdim=*/true);
  const at::Tensor normed = x * (mean + epsilon.value_or(smallest)).rsqrt();
  return weight && weight->defined() ? normed * *weight : normed;
}

/// The shape that tensors of the given shapes are broadcast to.
void broadcast_shapes(std::size_t count, torch::jit::Stack& stack) {
  std::vector<std::int64_t> shape;
  for (const c10::IValue& value : torch::jit::last(stack, count)) {
    const auto other = value.toIntVector();
    shape = at::infer_size(shape, other);
  }
  torch::jit::drop(stack, count);
  torch::jit::push(stack, shape);
}

torch::Library missing_operators() {
  torch::Library library(torch::Library::FRAGMENT,
                         "aten",
                         c10::nullopt,
                         __FILE__,
                         static_cast<std::uint32_t>(__LINE__));
  library.def(
      "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? "
      "attn_mask=None, "
      "float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> "
      "Tensor",
      attention);
  library.def(
      "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> "
      "Tensor",
      rms_norm);
  add_operator_of_any_arguments("aten::broadcast_shapes", "int[]", broadcast_shapes);
  return library;
}

#endif

/// Compositions in the place of operators with autograd's own derivative.
torch::Library replaced_derivatives(c10::DispatchKey autograd) {
  torch::Library library(
      torch::Library::IMPL, "aten", autograd, __FILE__, static_cast<std::uint32_t>(__LINE__));
  library.impl("_weight_norm", weight_norm);
  library.impl("hardsigmoid", hardsigmoid);
  return library;
}

}  // namespace

void provide_operators() {
#if TORCH_VERSION_MAJOR < 2
  static const torch::Library missing = missing_operators();
#else
  // The fused kernels have no second derivative; the composition has all of them.
  at::globalContext().setSDPUseFlash(false);
  at::globalContext().setSDPUseMemEfficient(false);
#endif
  static const torch::Library on_processor = replaced_derivatives(c10::DispatchKey::AutogradCPU);
  static const torch::Library on_device = replaced_derivatives(c10::DispatchKey::AutogradCUDA);
}

void provide_stub(const std::string& name) {
  add_operator_of_any_arguments(name, "Tensor", [name](std::size_t, torch::jit::Stack&) {
    throw std::runtime_error("Unknown builtin op: " + name);
  });
}

}  // namespace thalweg::nn
