#include "thalweg/dynamics/stable_flow.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

StableFlow::StableFlow(objective::Objective& objective,
                       const UpdateRule& rule,
                       const at::Tensor& weights,
                       const StableFlowOptions& options)
    : objective_(objective),
      rule_(rule),
      options_(options),
      optimizer_(rule.init()),
      weights_(weights.to(at::kDouble).clone()),
      tracker_(objective.dimension(), objective.options(), options.tracker) {}

StableState StableFlow::step(bool move) {
  const at::NoGradGuard no_grad;
  StableState out;
  const auto start = objective_.at(weights_);
  const Preconditioner m = rule_.preconditioner(optimizer_);
  static_cast<PointState&>(out) = evaluate_point(*start, m, &tracker_);
  at::Tensor gradient = start->gradient();
  const double sharpness = out.eigenvalues.front();
  if (!std::isfinite(out.loss) || !(sharpness <= options_.limit)) stopped_ = true;
  if (!move || stopped_) return out;

  out.substeps = std::max(options_.minimum_substeps, static_cast<int>(std::ceil(2 * sharpness)));
  for (int i = 0; i < out.substeps; ++i) {
    if (i > 0) gradient = objective_.at(weights_)->gradient();
    const at::Tensor velocity = rule_.preconditioner(optimizer_).inverse_times(gradient);
    weights_.sub_(velocity.to(at::kDouble), 1.0 / out.substeps);
  }
  ++optimizer_.steps;
  return out;
}

NamedArrays StableFlow::state() const {
  NamedArrays arrays = tracker_.state();
  arrays.emplace("weights", nn::to_ndarray(weights_));
  arrays.emplace("steps", NdArray::scalar<std::int64_t>(optimizer_.steps));
  arrays.emplace("stopped", NdArray::scalar<std::int64_t>(stopped_));
  return arrays;
}

void StableFlow::set_state(const NamedArrays& arrays) {
  tracker_.set_state(arrays);
  weights_ = nn::to_tensor(arrays.at("weights")).to(objective_.options().device());
  optimizer_.steps = arrays.at("steps").item<std::int64_t>();
  stopped_ = arrays.at("stopped").item<std::int64_t>() != 0;
}

}  // namespace thalweg::dynamics
