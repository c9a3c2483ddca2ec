#include "thalweg/dynamics/update_rule.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::dynamics {
namespace {

class GradientDescent final : public UpdateRule {
 public:
  explicit GradientDescent(double learning_rate) : learning_rate_(learning_rate) {}
  std::string description() const override {
    return fmt::format("gradient descent, learning rate {}", round_trip(learning_rate_));
  }
  OptimizerState update(const OptimizerState& state, const at::Tensor&) const override {
    return {.steps = state.steps + 1};
  }
  Preconditioner preconditioner(const OptimizerState&) const override {
    return Preconditioner(learning_rate_);
  }

 private:
  double learning_rate_;
};

}  // namespace

at::Tensor Preconditioner::inverse_times(const at::Tensor& v) const { return v * inverse_; }
at::Tensor Preconditioner::times(const at::Tensor& v) const { return v / inverse_; }
at::Tensor Preconditioner::inverse_sqrt_times(const at::Tensor& block) const {
  return block * std::sqrt(inverse_);
}

std::unique_ptr<UpdateRule> gradient_descent(double learning_rate) {
  if (!(learning_rate > 0) || !std::isfinite(learning_rate)) {
    throw InvalidArgument("--learning-rate",
                          fmt::format("must be > 0 and finite; got {}.", learning_rate));
  }
  return std::make_unique<GradientDescent>(learning_rate);
}

spectrum::LinearOperator effective_hessian(objective::Linearization& loss,
                                           const Preconditioner& m) {
  return [&loss, &m](const at::Tensor& v) {
    return m.inverse_sqrt_times(loss.hessian_times(m.inverse_sqrt_times(v)));
  };
}

}  // namespace thalweg::dynamics
