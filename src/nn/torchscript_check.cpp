#include "thalweg/nn/torchscript_check.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>

#include "nn/second_derivative_check.hpp"
#include "nn/torchscript_archive.hpp"
#include "nn/torchscript_errors.hpp"
#include "nn/torchscript_sandbox.hpp"
#include "nn/wrong_operators.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::nn {
namespace {

using Tensors = std::vector<at::Tensor>;

/// A reason not to use the module: one sentence, to which the file's name is added outside.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string shape_of(const at::Tensor& tensor) { return shape_text(tensor.sizes().vec()); }

/// The sentence without the file's name in front, which is added again outside.
std::string without_prefix(std::string_view text, const std::string& file) {
  const std::string prefix = "[" + file + "] ";
  return std::string(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}

/// The trial evaluation, in the child.
class Trial {
 public:
  Trial(const TorchScriptModule& module, const TorchScriptProbe& probe)
      : module_(module), probe_(probe) {
    module.require_arguments(probe.arguments.size());
    const at::Tensor weights = module.initial_weights().to(probe.dtype);
    for (const ParameterInfo& info : module.parameters()) {
      leaves_.push_back(weights.narrow(0, info.offset, info.numel())
                            .view(info.shape)
                            .clone()
                            .requires_grad_(true));
    }
  }

  TorchScriptCheck run() const {
    const at::AutoGradMode enable(true);
    const Tensors before = converted(probe_.arguments, probe_.dtype);
    const at::Tensor outputs = first_call();
    require_unchanged(before);
    require_form(outputs);
    require_finite(outputs, probe_.returns_loss ? "the loss" : "an output");
    require_repeatable(outputs);
    TorchScriptCheck check;
    check.mixes_examples = mixes_examples(outputs);
    check.unused_parameters = require_derivatives(outputs);
    check.unverified_curvature = !is_curvature_right();
    return check;
  }

 private:
  at::Tensor first_call() const {
    try {
      return module_.call_with(leaves_, probe_.arguments);
    } catch (const BadInput& error) {
      const std::string message = message_of(error);
      const bool about_shapes =
          message.find("shape") != std::string::npos || message.find("size") != std::string::npos;
      if (!about_shapes || probe_.arguments.empty()) throw;
      throw Refusal(
          fmt::format("{} The inputs were {}; a traced model may have another batch size fixed "
                      "inside: export it with torch.jit.script.",
                      message,
                      shape_of(probe_.arguments.front())));
    }
  }

  std::string message_of(const Error& error) const {
    return without_prefix(error.what(), module_.file().string());
  }

  void require_form(const at::Tensor& outputs) const {
    if (outputs.scalar_type() != probe_.dtype)
      throw Refusal(dtype_failure(outputs.scalar_type(), probe_.dtype));
    probe_.returns_loss ? require_scalar(outputs) : require_outputs(outputs);
  }

  /// Data that a call changes would not be the same at the next.
  void require_unchanged(const Tensors& before) const {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i].equal(probe_.arguments[i])) continue;
      throw Refusal(
          fmt::format("forward changes its {} in place. Write x = x * 2 instead of x *= 2 or "
                      "x.mul_(2), or begin with x = x.clone().",
                      i == 0 ? "inputs" : "targets"));
    }
  }

  void require_scalar(const at::Tensor& loss) const {
    if (loss.numel() == 1) return;
    throw Refusal(
        fmt::format("forward must return the loss, a scalar; it returned {}. Take the mean "
                    "over the examples in forward.",
                    shape_of(loss)));
  }

  void require_outputs(const at::Tensor& outputs) const {
    const std::int64_t n = examples();
    const bool has_form = (outputs.dim() == 1 || outputs.dim() == 2) && outputs.size(0) == n;
    if (!has_form) {
      throw Refusal(fmt::format(
          "forward must return (n, c) for n examples; for inputs {} it returned {}. A traced model "
          "may have its batch size fixed inside: export it with torch.jit.script.",
          shape_of(probe_.arguments.front()),
          shape_of(outputs)));
    }
    const std::int64_t count = outputs.dim() == 1 ? 1 : outputs.size(1);
    if (probe_.outputs == 0 || count == probe_.outputs) return;
    throw Refusal(
        fmt::format("forward returns {} outputs an example, but the data set asks for {}. "
                    "Change the last layer or the data (--classes).",
                    count,
                    probe_.outputs));
  }

  void require_finite(const at::Tensor& values, std::string_view what) const {
    if (values.isfinite().all().item<bool>()) return;
    throw Refusal(
        fmt::format("{} is NaN or infinite at the weights in the file. Check them and the "
                    "scale of the inputs.",
                    what));
  }

  static void require_dense(const at::Tensor& gradient, const std::string& parameter) {
    if (gradient.layout() == at::kStrided) return;
    throw Refusal(fmt::format(
        "the gradient of '{}' is sparse. Export the model with nn.Embedding(..., sparse=False).",
        parameter));
  }

  void require_repeatable(const at::Tensor& outputs) const {
    const at::Tensor again = module_.call_with(leaves_, probe_.arguments);
    if (again.equal(outputs)) return;
    throw Refusal(
        fmt::format("two evaluations of the same examples differ (by up to {:.3g}): dropout, "
                    "other randomness or a state that changes with each call. Export the "
                    "model after model.eval(), or without them.",
                    (again - outputs).abs().max().item<double>()));
  }

  std::int64_t examples() const { return probe_.arguments.front().size(0); }

  /// What forward returns for the examples [first, last) alone.
  at::Tensor part(std::int64_t first, std::int64_t last) const {
    Tensors arguments;
    for (const at::Tensor& argument : probe_.arguments) {
      arguments.push_back(argument.slice(0, first, last).contiguous());
    }
    try {
      return module_.call_with(leaves_, arguments);
    } catch (const BadInput& error) {
      throw Refusal(fmt::format(
          "it works for {0} examples and fails for {1}: the batch size is fixed inside, "
          "as tracing does. Export it with torch.jit.script, or trace code that takes "
          "the batch size from x.size(0). For {1} examples, {2}",
          examples(),
          last - first,
          message_of(error)));
    }
  }

  bool mixes_examples(const at::Tensor& outputs) const {
    if (probe_.arguments.empty()) return false;
    return probe_.returns_loss ? !is_mean_over_examples(outputs) : !rows_stand_alone(outputs);
  }

  bool rows_stand_alone(const at::Tensor& outputs) const {
    const std::int64_t half = examples() / 2;
    const at::Tensor alone = part(0, half);
    const at::Tensor among_others = outputs.narrow(0, 0, half);
    if (alone.sizes() != among_others.sizes()) {
      throw Refusal(fmt::format(
          "it returns {} for {} examples: the batch size is fixed inside, as tracing does. Export "
          "it with torch.jit.script.",
          shape_of(alone),
          half));
    }
    return agree(alone, among_others);
  }

  bool is_mean_over_examples(const at::Tensor& loss) const {
    const std::int64_t n = examples();
    const std::int64_t half = n / 2;
    const at::Tensor sum = part(0, half) * half + part(half, n) * (n - half);
    return agree(sum / n, loss);
  }

  /// Equal up to the rounding of products of another shape.
  bool agree(const at::Tensor& a, const at::Tensor& b) const {
    const double rounding = probe_.dtype == at::kDouble ? 1e-10 : 1e-4;
    return (a - b).abs().max().item<double>() <= rounding * b.abs().max().item<double>();
  }

  /// First and second derivatives of a function of the outputs that is curved even where the model
  /// is linear in its weights. @return the parameters without a gradient
  std::vector<std::string> require_derivatives(const at::Tensor& outputs) const {
    const at::Tensor value = value_of(outputs);
    if (!value.requires_grad()) no_gradient();
    const Tensors gradient =
        torch::autograd::grad({value}, leaves_, {}, true, true, /*allow_unused=*/true);
    std::vector<std::string> unused;
    at::Tensor slope = at::zeros({}, value.options());
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (!gradient[i].defined()) {
        unused.push_back(module_.parameters()[i].name);
        continue;
      }
      require_dense(gradient[i], module_.parameters()[i].name);
      require_finite(gradient[i], "the gradient");
      slope = slope + gradient[i].square().sum();
    }
    if (unused.size() == leaves_.size()) no_gradient();
    require_second_derivative(slope);
    return unused;
  }

  at::Tensor value_of(const at::Tensor& outputs) const {
    if (probe_.returns_loss) return outputs.sum();
    return 0.5 * outputs.square().sum() + outputs.sum();
  }

  [[noreturn]] static void no_gradient() {
    throw Refusal(
        "the result does not depend on any parameter in a differentiable way: look for detach(), "
        "torch.no_grad(), argmax or a conversion to integers in forward.");
  }

  /// Half the gradient of |g|^2 is H g.
  void require_second_derivative(const at::Tensor& slope) const {
    if (!slope.requires_grad()) {
      throw Refusal(
          "its gradient does not depend on the weights: the loss is linear in them, or an operator "
          "hides its second derivative.");
    }
    try {
      for (const at::Tensor& product :
           torch::autograd::grad({slope}, leaves_, {}, {}, false, /*allow_unused=*/true)) {
        if (product.defined()) require_finite(product, "a product with the Hessian");
      }
    } catch (const Refusal&) {
      throw;
    } catch (const std::exception& error) {
      throw Refusal(double_backward_failure(error.what()));
    }
  }

  /// Whether the second derivatives that autograd gives are right, in double if the module can be
  /// evaluated so. @return false where kinks hide the answer
  bool is_curvature_right() const {
    const at::ScalarType dtype = can_evaluate(at::kDouble) ? at::kDouble : probe_.dtype;
    const Tensors arguments = converted(probe_.arguments, dtype);
    const ScalarFunction function = [&](const Tensors& parameters) {
      return value_of(module_.call_with(parameters, arguments));
    };
    const Tensors weights = converted(leaves_, dtype);
    // Zero weights, a common start, would hide the layers before them.
    Tensors point = perturbed(weights);
    if (!function(point).isfinite().all().item<bool>()) point = weights;
    const auto check = check_second_derivative(function, point);
    if (check.verdict == SecondDerivativeCheck::Verdict::kWrong)
      refuse_curvature(check, wrong_operators([&] { function(point); }));
    return check.verdict == SecondDerivativeCheck::Verdict::kRight;
  }

  bool can_evaluate(at::ScalarType dtype) const {
    if (dtype == probe_.dtype) return true;
    try {
      return module_.call_with(converted(leaves_, dtype), converted(probe_.arguments, dtype))
                 .scalar_type() == dtype;
    } catch (const Error&) {
      return false;
    }
  }

  /// Copies.
  static Tensors converted(const Tensors& tensors, at::ScalarType dtype) {
    Tensors result;
    for (const at::Tensor& tensor : tensors) {
      const at::Tensor plain = tensor.detach();
      result.push_back(plain.is_floating_point() ? plain.to(dtype, false, true) : plain.clone());
    }
    return result;
  }

  static Tensors perturbed(const Tensors& weights) {
    constexpr double kShare = 0.05, kSmallest = 0.05;
    Tensors result;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto size = static_cast<std::size_t>(weights[i].numel());
      const at::Tensor noise = at::empty(weights[i].sizes(), at::kDouble);
      fill_normal(std::span(noise.data_ptr<double>(), size), Key{}.with("perturbation").with(i));
      const double deviation =
          weights[i].norm().item<double>() / std::sqrt(std::max(1.0, static_cast<double>(size)));
      result.push_back(
          weights[i] +
          (noise * (kShare * deviation + kShare * kSmallest)).to(weights[i].scalar_type()));
    }
    return result;
  }

  [[noreturn]] void refuse_curvature(const SecondDerivativeCheck& check,
                                     const std::vector<std::string>& operators) const {
    const std::string difference =
        check.wrong.empty()
            ? fmt::format("its Hessian is not symmetric, u.Hv being {:.4g} and v.Hu {:.4g}",
                          check.found,
                          check.expected)
            : fmt::format(
                  "its second derivative is not the derivative of its gradient: what belongs to "
                  "'{}' in a product with the Hessian has the norm {:.4g}, differences of "
                  "gradients {:.4g}",
                  module_.parameters()[check.wrong.front()].name,
                  check.found,
                  check.expected);
    const std::string cause = operators.empty()
                                  ? "Some operator has a wrong one in this libtorch"
                                  : fmt::format("The cause is {}", fmt::join(operators, ", "));
    throw Refusal(
        fmt::format("{}. {}: write it out of others (docs/torchscript.md shows how); detach() and "
                    "straight-through estimators have to go.",
                    difference,
                    cause));
  }

  const TorchScriptModule& module_;
  const TorchScriptProbe& probe_;
  Tensors leaves_;
};

TorchScriptCheck tried(const TorchScriptModule& module, const TorchScriptProbe& probe) {
  try {
    return Trial(module, probe).run();
  } catch (const Error&) {
    throw;
  } catch (const Refusal&) {
    throw;
  } catch (const std::exception& error) {  // of libtorch's own, while it differentiates
    if (is_out_of_memory(error.what())) throw;
    throw Refusal(fmt::format("its derivatives failed: {}.", innermost_failure(error.what())));
  }
}

// --- between child and parent: '0' or '1' for each finding, then a line per name

std::string encoded(const TorchScriptCheck& check) {
  std::string text;
  for (const bool finding : {check.mixes_examples, check.unverified_curvature})
    text += finding ? '1' : '0';
  for (const std::string& name : check.unused_parameters) text += name + '\n';
  return text;
}

TorchScriptCheck decoded(std::string_view text) {
  TorchScriptCheck check;
  check.mixes_examples = text[0] == '1';
  check.unverified_curvature = text[1] == '1';
  text.remove_prefix(2);
  while (!text.empty()) {
    const auto end = text.find('\n');
    check.unused_parameters.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return check;
}

std::string last_words(const SandboxOutcome& outcome) {
  const std::string line = innermost_failure(outcome.output);
  return line.empty() ? "" : fmt::format(" Its last words: {}", line);
}

std::string refusal_of(const SandboxOutcome& outcome,
                       const TorchScriptProbe& probe,
                       std::int64_t memory) {
  using End = SandboxOutcome::End;
  if (outcome.end == End::kTimedOut) {
    return fmt::format(
        "loading it and evaluating {} took longer than {}: it may loop for ever. Try "
        "it in Python on as many examples.",
        probe.arguments.empty() ? std::string("it")
                                : fmt::format("{} examples", probe.arguments.front().size(0)),
        duration_text(probe.limit_seconds));
  }
  if (outcome.end == End::kSignal && (outcome.code == SIGINT || outcome.code == SIGTERM)) {
    return "the trial evaluation was interrupted. Start again to repeat it.";
  }
  if (outcome.end == End::kSignal && outcome.code == SIGKILL) {
    return "the trial evaluation was killed, most likely for want of memory. Use a smaller model "
           "or "
           "a machine with more memory.";
  }
  if (outcome.end == End::kSignal) {
    return fmt::format(
        "loading or evaluating it crashed ({}). The file is damaged or the model breaks "
        "libtorch: export it again and try it in Python.{}",
        ::strsignal(outcome.code),
        last_words(outcome));
  }
  if (outcome.end == End::kExited) {
    return fmt::format(
        "evaluating it ended the process (exit status {}).{}", outcome.code, last_words(outcome));
  }
  if (is_out_of_memory(outcome.text)) {
    return fmt::format(
        "loading and evaluating it needs more than {} of memory, the part that may be "
        "used ({}). Use fewer examples or a smaller model.",
        size_text(static_cast<double>(memory)),
        innermost_failure(outcome.text));
  }
  return outcome.text;
}

void require_valid(const TorchScriptProbe& probe) {
  for (const at::Tensor& argument : probe.arguments) {
    if (argument.dim() > 0 && argument.size(0) >= 2 && argument.device().is_cpu()) continue;
    throw InvalidArgument(
        "nn::check_torchscript",
        fmt::format("the probe needs at least 2 examples on the CPU; got {} on {}.",
                    shape_of(argument),
                    argument.device().str()));
  }
  if (probe.arguments.empty() && !probe.returns_loss) {
    throw InvalidArgument(
        "nn::check_torchscript",
        "the probe has no inputs, which only suits a module that returns its loss.");
  }
}

}  // namespace

TorchScriptCheck check_torchscript(const std::filesystem::path& file,
                                   const TorchScriptProbe& probe,
                                   const TorchScriptOptions& options) {
  require_valid(probe);
  check_torchscript_archive(file);
  const auto memory =
      static_cast<std::int64_t>(probe.limit_memory * static_cast<double>(available_memory_bytes()));
  const SandboxOutcome outcome = run_in_sandbox(
      [&] {
        at::set_num_threads(1);  // the threads of the parent do not exist here
        set_blas_threads(1);
        const TorchScriptModule module(file, options);
        return encoded(tried(module, probe));
      },
      {.seconds = probe.limit_seconds, .memory_bytes = memory});
  if (outcome.end == SandboxOutcome::End::kReturned) return decoded(outcome.text);
  throw BadInput(file.string(), without_prefix(refusal_of(outcome, probe, memory), file.string()));
}

}  // namespace thalweg::nn
