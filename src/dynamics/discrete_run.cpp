#include "thalweg/dynamics/discrete_run.hpp"

#include <utility>

#include "state_arrays.hpp"
#include <ATen/ATen.h>

#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

DiscreteRun::DiscreteRun(objective::Objective& objective,
                         const UpdateRule& rule,
                         const at::Tensor& weights,
                         const spectrum::TrackerOptions& tracker,
                         const OptimizerState& before)
    : objective_(objective),
      rule_(rule),
      before_(before),
      weights_(weights.to(objective.options()).clone()),
      tracker_(objective.dimension(), objective.options(), tracker),
      midpoint_tracker_(objective.dimension(), objective.options(), tracker) {}

PointState DiscreteRun::step(bool spectrum, bool move) {
  const at::NoGradGuard no_grad;
  const auto loss = objective_.at(weights_);
  // A block of no columns makes the graph that the gradient shares with the products to come.
  if (spectrum) loss->hessian_times(at::empty({0, weights_.size(0)}, weights_.options()).t());
  optimizer_ = rule_.update(before_, loss->gradient());
  const PointState out =
      evaluate_point(*loss, rule_.preconditioner(optimizer_), spectrum ? &tracker_ : nullptr);
  if (!move) return out;
  before_previous_ = std::exchange(previous_, weights_);
  weights_ = previous_ + rule_.step(optimizer_, out.gradient);
  before_ = optimizer_;
  return out;
}

at::Tensor DiscreteRun::midpoint() const {
  if (!before_previous_.defined()) return previous_;
  return (before_previous_ + 2 * previous_ + weights_) / 4;
}

PointState DiscreteRun::midpoint_state(bool spectrum) {
  const at::NoGradGuard no_grad;
  const auto loss = objective_.at(midpoint());
  return evaluate_point(
      *loss, rule_.preconditioner(optimizer_), spectrum ? &midpoint_tracker_ : nullptr);
}

NamedArrays DiscreteRun::state() const {
  NamedArrays arrays;
  arrays.emplace("weights", nn::to_ndarray(weights_));
  if (previous_.defined()) arrays.emplace("previous_weights", nn::to_ndarray(previous_));
  add_arrays(arrays, "optimizer", to_arrays(before_));
  add_arrays(arrays, "tracker", tracker_.state());
  add_arrays(arrays, "midpoint_tracker", midpoint_tracker_.state());
  return arrays;
}

void DiscreteRun::set_state(const NamedArrays& arrays) {
  const at::TensorOptions options = objective_.options();
  weights_ = nn::to_tensor(arrays.at("weights")).to(options);
  if (const auto previous = arrays.find("previous_weights"); previous != arrays.end()) {
    previous_ = nn::to_tensor(previous->second).to(options);
  }
  before_ = optimizer_state_from(arrays_under(arrays, "optimizer"), options.device());
  tracker_.set_state(arrays_under(arrays, "tracker"));
  midpoint_tracker_.set_state(arrays_under(arrays, "midpoint_tracker"));
}

}  // namespace thalweg::dynamics
