#include "thalweg/dynamics/discrete_run.hpp"

#include <utility>

#include "state_arrays.hpp"
#include <ATen/ATen.h>

#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

DiscreteRun::DiscreteRun(objective::Objective& objective,
                         const UpdateRule& rule,
                         const at::Tensor& weights,
                         const spectrum::TrackerOptions& tracker)
    : objective_(objective),
      rule_(rule),
      optimizer_(rule.init()),
      weights_(weights.to(objective.options()).clone()),
      tracker_(objective.dimension(), objective.options(), tracker),
      midpoint_tracker_(objective.dimension(), objective.options(), tracker) {}

PointState DiscreteRun::step(bool spectrum, bool move) {
  const at::NoGradGuard no_grad;
  const auto loss = objective_.at(weights_);
  const PointState out =
      evaluate_point(*loss, rule_.preconditioner(optimizer_), spectrum ? &tracker_ : nullptr);
  if (!move) return out;
  const at::Tensor gradient = loss->gradient();
  optimizer_ = rule_.update(optimizer_, gradient);
  before_previous_ = std::exchange(previous_, weights_);
  weights_ = previous_ - rule_.preconditioner(optimizer_).inverse_times(gradient);
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
  arrays.emplace("steps", NdArray::scalar<std::int64_t>(optimizer_.steps));
  add_arrays(arrays, "tracker", tracker_.state());
  add_arrays(arrays, "midpoint_tracker", midpoint_tracker_.state());
  return arrays;
}

void DiscreteRun::set_state(const NamedArrays& arrays) {
  weights_ = nn::to_tensor(arrays.at("weights")).to(objective_.options());
  if (const auto previous = arrays.find("previous_weights"); previous != arrays.end()) {
    previous_ = nn::to_tensor(previous->second).to(objective_.options());
  }
  optimizer_.steps = arrays.at("steps").item<std::int64_t>();
  tracker_.set_state(arrays_under(arrays, "tracker"));
  midpoint_tracker_.set_state(arrays_under(arrays, "midpoint_tracker"));
}

}  // namespace thalweg::dynamics
