#include "thalweg/objective/flop_counter.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/record_function.h>

namespace thalweg::objective {
namespace {

thread_local double flops = 0;

/// Operand `index` of the operator that is being recorded.
at::Tensor operand(const at::RecordFunction& function, std::size_t index) {
  const auto& value = function.inputs()[index];
  return value.isTensor() ? value.toTensor() : at::Tensor();
}

double product_flops(const at::Tensor& a, const at::Tensor& b) {  // (..., m, k) (..., k, n)
  return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1));
}

/// Every element of the output takes a product and a sum for each weight of its filter.
double convolution_flops(const at::Tensor& weight, double outputs) {
  const std::int64_t filter = weight.numel() / weight.size(0);
  return 2.0 * outputs * static_cast<double>(filter);
}

/// Elements of the output of convolution(input, weight, bias, stride, padding, dilation, ...).
double convolution_outputs(const at::RecordFunction& function) {
  const at::Tensor input = operand(function, 0), weight = operand(function, 1);
  const auto stride = function.inputs()[3].toIntVector(),
             padding = function.inputs()[4].toIntVector();
  const auto dilation = function.inputs()[5].toIntVector();
  double outputs = static_cast<double>(input.size(0) * weight.size(0));
  for (std::int64_t axis = 2; axis < input.dim(); ++axis) {
    const auto at_axis = [&](const std::vector<std::int64_t>& v) {
      return v[v.size() == 1 ? 0 : axis - 2];
    };
    const std::int64_t reach = at_axis(dilation) * (weight.size(axis) - 1) + 1;
    const std::int64_t positions =
        (input.size(axis) + 2 * at_axis(padding) - reach) / at_axis(stride) + 1;
    outputs *= static_cast<double>(positions);
  }
  return outputs;
}

std::unique_ptr<at::ObserverContext> add_operator(const at::RecordFunction& function) {
  const std::string_view name = function.name();
  if (name == "aten::mm" || name == "aten::bmm") {
    flops += product_flops(operand(function, 0), operand(function, 1));
  } else if (name == "aten::addmm" || name == "aten::baddbmm") {
    flops += product_flops(operand(function, 1), operand(function, 2));
  } else if (name == "aten::mv") {
    flops += 2.0 * static_cast<double>(operand(function, 0).numel());
  } else if (name == "aten::convolution") {
    flops += convolution_flops(operand(function, 1), convolution_outputs(function));
  } else if (name == "aten::convolution_backward") {
    // The gradients of input and weight, each as much as the convolution itself.
    const auto mask = function.inputs().back().toBoolList();
    const int gradients = static_cast<int>(mask[0]) + static_cast<int>(mask[1]);
    flops += gradients * convolution_flops(operand(function, 2),
                                           static_cast<double>(operand(function, 0).numel()));
  }
  return nullptr;
}

}  // namespace

double count_flops(const std::function<void()>& work) {
  flops = 0;
  const at::CallbackHandle handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(add_operator)
                                     .needsInputs(true)
                                     .scopes({at::RecordScope::FUNCTION}));
  work();
  at::removeCallback(handle);
  return flops;
}

}  // namespace thalweg::objective
