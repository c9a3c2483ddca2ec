#include "thalweg/dynamics/rod_flow.hpp"

#include <cmath>

#include "norms.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

RodFlow::RodFlow(objective::Objective& objective,
                 const UpdateRule& rule,
                 const at::Tensor& weights,
                 const RodFlowOptions& options,
                 const OptimizerState& before)
    : Flow(objective, rule, weights, before), options_(options) {
  if (options.substeps < 1) {
    throw InvalidArgument("--substeps", fmt::format("must be >= 1; got {}.", options.substeps));
  }
  if (rule.options().momentum != Momentum::kNone) {
    throw InvalidArgument("--processes",
                          "there is no rod flow for an optimizer with momentum here; run discrete "
                          "and midpoint, or another --optimizer.");
  }
  const at::NoGradGuard no_grad;
  const at::Tensor gradient = objective_.at(weights_)->gradient().to(at::kDouble);
  half_ = -preconditioner().inverse_times(gradient) / 2;
  centre_ = weights_ + half_;
}

RodFlow::Ends RodFlow::evaluate_ends() const {
  const auto plus = objective_.at(centre_ + half_), minus = objective_.at(centre_ - half_);
  return {.plus = plus->gradient().to(at::kDouble),
          .minus = minus->gradient().to(at::kDouble),
          .loss = (plus->loss() + minus->loss()) / 2};
}

/// A rod shorter than the rounding of the weights could never grow again.
void RodFlow::keep_visible() {
  constexpr double kRounding = 1e-7;
  const double least = kRounding * centre_.norm().item<double>();
  if (half_.norm().item<double>() >= least) return;
  const at::Tensor noise = at::empty({half_.size(0)}, at::kDouble);
  fill_normal({noise.data_ptr<double>(), static_cast<std::size_t>(noise.numel())},
              options_.key.with(static_cast<std::uint64_t>(std::llround(optimizer_.time))));
  half_ = half_ + (noise * (least / noise.norm())).to(half_.device());
}

FlowState RodFlow::step(bool move) {
  const at::NoGradGuard no_grad;
  FlowState out;
  const Preconditioner now = preconditioner();
  static_cast<PointState&>(out) = evaluate_point(*objective_.at(weights_), now, nullptr);
  out.substeps = move ? options_.substeps : 0;
  const double dt = 1.0 / options_.substeps, end = optimizer_.time + 1;
  const at::Tensor centre_before = centre_;
  for (int i = 0; i < std::max(1, out.substeps); ++i) {
    const Ends ends = evaluate_ends();
    if (i == 0) {
      const at::Tensor weighted = now.times(half_);
      const double variance = at::dot(half_, weighted).item<double>();  // h^T M h
      out.predicted_loss = ends.loss;
      out.predicted_gradient_norm2 = (norm2(ends.plus) + norm2(ends.minus)) / 2;
      out.sigma_trace = norm2(half_);
      out.variances = {variance};
      out.directions = (half_ / std::sqrt(variance)).unsqueeze(1);
      out.weighted_directions = (weighted / std::sqrt(variance)).unsqueeze(1);
    }
    if (!move) break;
    const Preconditioner m = preconditioner();
    const at::Tensor growth = m.inverse_times(ends.plus - ends.minus) / 2 - 2 * half_;
    centre_ = centre_ - dt * m.inverse_times(ends.plus + ends.minus) / 2;
    half_ = half_ + dt * growth;
    if (at::Tensor& nu = optimizer_.second_moment; nu.defined()) {
      const at::Tensor square = (ends.plus * ends.plus + ends.minus * ends.minus) / 2;
      nu = nu + dt * rule_.response() * (rule_.collect(square) - nu);
    }
    optimizer_.time += dt;
    keep_visible();
  }
  if (move) {
    optimizer_.time = end;
    weights_ = (centre_before + centre_) / 2;
  }
  return out;
}

NamedArrays RodFlow::state() const {
  NamedArrays arrays = Flow::state();
  arrays.emplace("centre", nn::to_ndarray(centre_));
  arrays.emplace("half_length", nn::to_ndarray(half_));
  return arrays;
}

void RodFlow::set_state(const NamedArrays& arrays) {
  Flow::set_state(arrays);
  const at::Device device = objective_.options().device();
  centre_ = nn::to_tensor(arrays.at("centre")).to(device);
  half_ = nn::to_tensor(arrays.at("half_length")).to(device);
}

}  // namespace thalweg::dynamics
