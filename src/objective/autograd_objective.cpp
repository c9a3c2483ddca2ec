#include "thalweg/objective/autograd_objective.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "thalweg/base/error.hpp"
#include "thalweg/objective/differences.hpp"

namespace thalweg::objective {
namespace {

using torch::autograd::grad;

/// Value, gradient and outputs of one range of examples; with `differentiable` the gradient has a graph of its own.
struct Evaluation {
  at::Tensor weights;  // the leaf the graph hangs on
  at::Tensor loss;     // scalar
  at::Tensor gradient; // [P]
  at::Tensor outputs;  // (examples, c) or undefined
};

Evaluation evaluate(const BatchLoss& loss,
                    const at::Tensor& weights,
                    std::int64_t first,
                    std::int64_t last,
                    bool differentiable) {
  const at::AutoGradMode enable(true);
  Evaluation e;
  e.weights = weights.detach().requires_grad_();
  const PartialLoss partial = loss.evaluate(e.weights, first, last);
  e.loss = partial.loss.detach();
  if (partial.outputs.defined()) e.outputs = partial.outputs.detach();
  e.gradient = grad({partial.loss}, {e.weights}, {}, /*retain_graph=*/differentiable, differentiable)[0];
  return e;
}

class AutogradLinearization final : public Linearization {
 public:
  AutogradLinearization(std::shared_ptr<const BatchLoss> loss,
                        std::shared_ptr<WorkCounters> work,
                        at::Tensor weights,
                        std::int64_t micro_batch,
                        double difference_step,
                        Objective& objective)
      : loss_function_(std::move(loss)),
        work_(std::move(work)),
        weights_(std::move(weights)),
        micro_batch_(micro_batch),
        difference_step_(difference_step),
        objective_(objective) {}

  double loss() override {
    require_value();
    return value_.loss.item<double>();
  }

  at::Tensor gradient() override {
    require_value();
    return value_.gradient.detach();
  }

  at::Tensor outputs() override {
    require_value();
    return value_.outputs;
  }

  at::Tensor hessian_times(const at::Tensor& v) override {
    const std::int64_t columns = v.size(1);
    at::Tensor product = at::zeros({columns, v.size(0)}, v.options());
    work_->hessian_products += columns;
    if (splits()) {
      for (std::int64_t first = 0; first < loss_function_->examples(); first += micro_batch_) {
        accumulate_products(evaluate_range(first, /*differentiable=*/true), v, product);
      }
    } else {
      if (!differentiable_) {
        value_ = evaluate_range(0, /*differentiable=*/true);
        differentiable_ = true;
        ++work_->gradients;
      }
      accumulate_products(value_, v, product);
    }
    return product.t();
  }

  at::Tensor third_derivative(const at::Tensor& u) override {
    work_->third_derivatives += u.size(1) * (u.size(1) + 1) / 2;
    return third_derivative_by_differences(objective_, weights_, gradient(), u, difference_step_);
  }

 private:
  bool splits() const { return micro_batch_ < loss_function_->examples(); }

  Evaluation evaluate_range(std::int64_t first, bool differentiable) const {
    const std::int64_t last = std::min(first + micro_batch_, loss_function_->examples());
    return evaluate(*loss_function_, weights_, first, last, differentiable);
  }

  void require_value() {
    if (value_.loss.defined()) return;
    ++work_->gradients;
    value_ = evaluate_range(0, /*differentiable=*/false);
    if (!splits()) return;
    std::vector<at::Tensor> outputs = {value_.outputs};
    for (std::int64_t first = micro_batch_; first < loss_function_->examples(); first += micro_batch_) {
      const Evaluation part = evaluate_range(first, /*differentiable=*/false);
      value_.loss += part.loss;
      value_.gradient += part.gradient;
      outputs.push_back(part.outputs);
    }
    if (value_.outputs.defined()) value_.outputs = at::cat(outputs);
  }

  /// product[j] += d<g, v_j>/dw for every column j; the graph is kept until the last column.
  void accumulate_products(const Evaluation& at_range, const at::Tensor& v, const at::Tensor& product) const {
    if (!at_range.gradient.requires_grad()) return;  // a loss that is linear in the weights
    for (std::int64_t j = 0; j < v.size(1); ++j) {
      const at::Tensor column = grad({at_range.gradient},
                                     {at_range.weights},
                                     {v.select(1, j).contiguous()},
                                     /*retain_graph=*/true,
                                     /*create_graph=*/false,
                                     /*allow_unused=*/true)[0];
      if (column.defined()) product.select(0, j).add_(column);
    }
  }

  std::shared_ptr<const BatchLoss> loss_function_;
  std::shared_ptr<WorkCounters> work_;
  at::Tensor weights_;
  std::int64_t micro_batch_;
  double difference_step_;
  Objective& objective_;
  Evaluation value_;
  bool differentiable_ = false;  // value_.gradient has a graph
};

}  // namespace

AutogradObjective::AutogradObjective(std::shared_ptr<const BatchLoss> loss,
                                     at::TensorOptions options,
                                     const AutogradOptions& autograd)
    : loss_(std::move(loss)), options_(options) {
  micro_batch_ = autograd.micro_batch > 0 ? autograd.micro_batch : loss_->examples();
  const bool single = c10::typeMetaToScalarType(options.dtype()) == at::kFloat;
  difference_step_ = autograd.difference_step > 0 ? autograd.difference_step : single ? 3e-2 : 3e-4;
}

std::unique_ptr<Linearization> AutogradObjective::at(const at::Tensor& weights) {
  if (weights.dim() != 1 || weights.size(0) != dimension()) {
    throw InvalidArgument("objective",
                          fmt::format("weights must be a vector of {} numbers; got {} axes and {} numbers.",
                                      dimension(),
                                      weights.dim(),
                                      weights.numel()));
  }
  return std::make_unique<AutogradLinearization>(
      loss_, work_, weights.to(options_), micro_batch_, difference_step_, *this);
}

}  // namespace thalweg::objective
