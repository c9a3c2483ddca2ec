#include "nn/wrong_operators.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/autograd.h>

#include "nn/second_derivative_check.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::nn {
namespace {

using Tensors = std::vector<at::Tensor>;

constexpr std::int64_t kMostNumbers = 10'000;

/// A call of an operator, with copies of its arguments.
struct Call {
  c10::OperatorName name;
  std::vector<c10::IValue> arguments;
  std::vector<std::size_t> real;  ///< the arguments that are real tensors
};

bool is_real_tensor(const c10::IValue& value) {
  return value.isTensor() && value.toTensor().defined() && value.toTensor().is_floating_point();
}

/// What is kept while some work runs; operators that others call do not count.
struct Log {
  std::vector<Call> calls;
  int depth = 0;
};
thread_local Log calls_log;

/// Keeps the first call of each operator with real tensors.
std::unique_ptr<at::ObserverContext> keep_call(const at::RecordFunction& function) {
  if (calls_log.depth++ > 0) return nullptr;
  const auto name = function.operator_name();
  auto& calls = calls_log.calls;
  if (!name || std::ranges::find(calls, *name, &Call::name) != calls.end()) return nullptr;
  Call call{.name = *name, .arguments = {}, .real = {}};
  std::int64_t numbers = 0;
  for (const c10::IValue& value : function.inputs()) {
    if (is_real_tensor(value)) {
      numbers += value.toTensor().numel();
      call.real.push_back(call.arguments.size());
      call.arguments.emplace_back(value.toTensor().detach().clone());
    } else {
      call.arguments.push_back(value);
    }
  }
  if (!call.real.empty() && numbers <= kMostNumbers) calls.push_back(std::move(call));
  return nullptr;
}

void leave_call(const at::RecordFunction&, at::ObserverContext*) { --calls_log.depth; }

std::vector<Call> calls_of(const std::function<void()>& work) {
  struct Handle {
    at::CallbackHandle handle;
    ~Handle() { at::removeCallback(handle); }
  };
  calls_log = {};
  const Handle handle{at::addThreadLocalCallback(at::RecordFunctionCallback(keep_call, leave_call)
                                                     .needsInputs(true)
                                                     .scopes({at::RecordScope::FUNCTION}))};
  work();
  return std::move(calls_log.calls);
}

/// A curved scalar of what the operator returns, with other weights for every number.
at::Tensor scalar_of(const Call& call, const Tensors& leaves) {
  auto arguments = call.arguments;
  for (std::size_t i = 0; i < leaves.size(); ++i) arguments[call.real[i]] = leaves[i] * 1;
  c10::Dispatcher::singleton()
      .findSchemaOrThrow(call.name.name.c_str(), call.name.overload_name.c_str())
      .callBoxed(&arguments);
  at::Tensor sum = at::zeros({}, at::kDouble);
  for (const c10::IValue& value : arguments) {
    if (!is_real_tensor(value)) continue;
    const at::Tensor out = value.toTensor().reshape({-1}).to(at::kDouble);
    const at::Tensor weights = at::arange(1, out.numel() + 1, at::kDouble).sin();
    sum = sum + (weights * out).sum() + 0.5 * out.square().sum();
  }
  return sum;
}

/// Whether the slope along a random direction is that of the values.
bool is_slope_right(const Call& call, const Tensors& point) {
  constexpr double kStep = 1e-6, kTolerance = 1e-4;
  Tensors leaves, forward, backward;
  double expected = 0;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const at::Tensor v = at::empty(point[i].sizes(), at::kDouble);
    fill_normal(std::span(v.data_ptr<double>(), static_cast<std::size_t>(v.numel())),
                Key{}.with("slope").with(i));
    leaves.push_back(point[i].clone().requires_grad_(true));
    forward.push_back(point[i] + kStep * v);
    backward.push_back(point[i] - kStep * v);
  }
  const at::Tensor value = scalar_of(call, leaves);
  double slope = 0, size = 0;
  if (value.requires_grad()) {
    const auto gradient = torch::autograd::grad({value}, leaves, {}, {}, false, true);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (!gradient[i].defined()) continue;
      slope += (gradient[i] * (forward[i] - point[i])).sum().item<double>() / kStep;
      size += gradient[i].square().sum().item<double>();
    }
  }
  expected = (scalar_of(call, forward) - scalar_of(call, backward)).item<double>() / (2 * kStep);
  return std::abs(slope - expected) <= kTolerance * std::max(std::sqrt(size), std::abs(expected));
}

bool is_wrong(const Call& call) {
  const at::AutoGradMode enable(true);
  Tensors point;
  for (const std::size_t i : call.real)
    point.push_back(call.arguments[i].toTensor().to(at::kDouble));
  try {
    if (!is_slope_right(call, point)) return true;
    const auto check = check_second_derivative(
        [&](const Tensors& leaves) { return scalar_of(call, leaves); }, point);
    return check.verdict == SecondDerivativeCheck::Verdict::kWrong;
  } catch (const std::exception&) {
    return false;  // it changes its arguments, has no second derivative, ...: not what is looked
                   // for
  }
}

}  // namespace

std::vector<std::string> wrong_operators(const std::function<void()>& work) {
  std::vector<std::string> names;
  for (const Call& call : calls_of(work)) {
    if (is_wrong(call)) names.push_back(call.name.name);
  }
  return names;
}

}  // namespace thalweg::nn
