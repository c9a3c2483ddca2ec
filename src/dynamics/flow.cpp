#include "thalweg/dynamics/flow.hpp"

#include <utility>

#include "state_arrays.hpp"
#include <ATen/ATen.h>

#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

Flow::Flow(objective::Objective& objective,
           UpdateRule rule,
           const at::Tensor& weights,
           const OptimizerState& before)
    : objective_(objective), rule_(std::move(rule)), weights_(weights.to(at::kDouble).clone()) {
  const bool needs_gradient = rule_.options().second_moment != SecondMoment::kNone ||
                              rule_.options().momentum != Momentum::kNone;
  const at::Tensor gradient =
      needs_gradient ? objective_.at(weights_)->gradient().to(at::kDouble) : at::Tensor();
  optimizer_ = rule_.update(before, gradient);
}

NamedArrays Flow::state() const {
  NamedArrays arrays;
  arrays.emplace("weights", nn::to_ndarray(weights_));
  add_arrays(arrays, "optimizer", to_arrays(optimizer_));
  return arrays;
}

void Flow::set_state(const NamedArrays& arrays) {
  const at::Device device = objective_.options().device();
  weights_ = nn::to_tensor(arrays.at("weights")).to(device);
  optimizer_ = optimizer_state_from(arrays_under(arrays, "optimizer"), device);
}

}  // namespace thalweg::dynamics
