#include "thalweg/dynamics/stable_flow.hpp"

#include <algorithm>
#include <cmath>

#include "state_arrays.hpp"
#include <ATen/ATen.h>

namespace thalweg::dynamics {

StableFlow::StableFlow(objective::Objective& objective,
                       const UpdateRule& rule,
                       const at::Tensor& weights,
                       const StableFlowOptions& options,
                       const OptimizerState& before)
    : Flow(objective, rule, weights, before),
      options_(options),
      tracker_(objective.dimension(), objective.options(), options.tracker) {}

FlowState StableFlow::step(bool move) {
  const at::NoGradGuard no_grad;
  FlowState out;
  const auto start = objective_.at(weights_);
  static_cast<PointState&>(out) = evaluate_point(*start, preconditioner(), &tracker_);
  const double sharpness = out.eigenvalues.front();
  if (!std::isfinite(out.loss) || !(sharpness <= options_.limit)) stopped_ = true;
  if (!move || stopped_) return out;

  out.substeps = std::max(options_.minimum_substeps, static_cast<int>(std::ceil(2 * sharpness)));
  const double dt = 1.0 / out.substeps, end = optimizer_.time + 1;
  for (int i = 0; i < out.substeps; ++i) {
    const at::Tensor gradient =
        (i == 0 ? out.gradient : objective_.at(weights_)->gradient()).to(at::kDouble);
    weights_.sub_(preconditioner().inverse_times(gradient), dt);
    if (at::Tensor& nu = optimizer_.second_moment; nu.defined()) {
      nu = nu + dt * rule_.response() * (rule_.collect(gradient * gradient) - nu);
    }
    optimizer_.time += dt;
  }
  optimizer_.time = end;
  return out;
}

NamedArrays StableFlow::state() const {
  NamedArrays arrays = Flow::state();
  add_arrays(arrays, "tracker", tracker_.state());
  arrays.emplace("stopped", NdArray::scalar<std::int64_t>(stopped_));
  return arrays;
}

void StableFlow::set_state(const NamedArrays& arrays) {
  Flow::set_state(arrays);
  tracker_.set_state(arrays_under(arrays, "tracker"));
  stopped_ = arrays.at("stopped").item<std::int64_t>() != 0;
}

}  // namespace thalweg::dynamics
