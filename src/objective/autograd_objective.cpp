#include "thalweg/objective/autograd_objective.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "derivatives.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/objective/differences.hpp"

namespace thalweg::objective {
namespace {

class AutogradLinearization final : public Linearization {
 public:
  AutogradLinearization(std::shared_ptr<const BatchLoss> loss,
                        std::shared_ptr<WorkCounters> work,
                        at::Tensor weights,
                        std::int64_t micro_batch,
                        Objective& objective)
      : loss_function_(std::move(loss)),
        work_(std::move(work)),
        weights_(std::move(weights)),
        micro_batch_(micro_batch),
        objective_(objective) {}

  double loss() override {
    require_value();
    return loss_.item<double>();
  }

  at::Tensor gradient() override {
    require_value();
    return gradient_;
  }

  at::Tensor outputs() override {
    require_value();
    return outputs_;
  }

  at::Tensor hessian_times(const at::Tensor& v) override {
    const std::int64_t columns = v.size(1);
    const at::Tensor product = at::zeros({columns, v.size(0)}, v.options());
    work_->hessian_products += columns;
    const auto add_columns = [&](const Derivatives& range) {
      for (std::int64_t j = 0; j < columns; ++j) {
        range.hessian_times(v.select(1, j).contiguous(), product.select(0, j));
      }
    };
    if (splits()) {
      for_each_range(/*differentiable=*/true, add_columns);
    } else {
      if (!graph_) {
        for_each_range(/*differentiable=*/true,
                       [&](Derivatives& whole) { graph_.emplace(std::move(whole)); });
      }
      add_columns(*graph_);
    }
    return product.t();
  }

  at::Tensor third_derivative(const at::Tensor& u, double step) override {
    work_->third_derivatives += u.size(1) * (u.size(1) + 1) / 2;
    const double by_dtype = weights_.scalar_type() == at::kFloat ? 3e-2 : 3e-4;
    return third_derivative_by_differences(
        objective_, weights_, gradient(), u, step > 0 ? step : by_dtype);
  }

 private:
  bool splits() const { return micro_batch_ < loss_function_->examples(); }

  /// Differentiates range by range; on the way loss, gradient and outputs are summed up, if not
  /// known yet.
  template <typename Function>
  void for_each_range(bool differentiable, const Function& function) {
    const bool known = loss_.defined();
    const std::int64_t examples = loss_function_->examples();
    std::vector<at::Tensor> outputs;
    ++work_->gradients;
    for (std::int64_t first = 0; first < examples; first += micro_batch_) {
      Derivatives range(*loss_function_,
                        weights_,
                        first,
                        std::min(first + micro_batch_, examples),
                        differentiable);
      if (!known) {
        loss_ = first == 0 ? range.loss() : loss_ + range.loss();
        gradient_ = first == 0 ? range.gradient() : gradient_ + range.gradient();
        outputs.push_back(range.outputs());
      }
      function(range);
    }
    if (!known && outputs.front().defined())
      outputs_ = outputs.size() == 1 ? outputs[0] : at::cat(outputs);
  }

  void require_value() {
    if (loss_.defined()) return;
    const auto begin = std::chrono::steady_clock::now();
    for_each_range(/*differentiable=*/false, [](const Derivatives&) {});
    work_->plain_gradient_seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    ++work_->plain_gradients;
  }

  std::shared_ptr<const BatchLoss> loss_function_;
  std::shared_ptr<WorkCounters> work_;
  at::Tensor weights_;
  std::int64_t micro_batch_;
  Objective& objective_;
  at::Tensor loss_, gradient_, outputs_;  // undefined until asked for
  std::optional<Derivatives> graph_;      // of all examples at once
};

}  // namespace

WorkCounters WorkCounters::since(const WorkCounters& before) const {
  return {.gradients = gradients - before.gradients,
          .hessian_products = hessian_products - before.hessian_products,
          .third_derivatives = third_derivatives - before.third_derivatives,
          .plain_gradients = plain_gradients - before.plain_gradients,
          .plain_gradient_seconds = plain_gradient_seconds - before.plain_gradient_seconds};
}

AutogradObjective::AutogradObjective(std::shared_ptr<const BatchLoss> loss,
                                     at::TensorOptions options,
                                     const AutogradOptions& autograd)
    : loss_(std::move(loss)), options_(options) {
  micro_batch_ = autograd.micro_batch > 0 ? autograd.micro_batch : loss_->examples();
}

std::unique_ptr<Linearization> AutogradObjective::at(const at::Tensor& weights) {
  if (weights.dim() != 1 || weights.size(0) != dimension()) {
    throw InvalidArgument(
        "objective",
        fmt::format("weights must be a vector of {} numbers; got {} axes and {} numbers.",
                    dimension(),
                    weights.dim(),
                    weights.numel()));
  }
  return std::make_unique<AutogradLinearization>(
      loss_, work_, weights.to(options_), micro_batch_, *this);
}

}  // namespace thalweg::objective
