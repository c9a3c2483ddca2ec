#include "thalweg/dynamics/flow_comparison.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "flow_series.hpp"
#include "norms.hpp"
#include "state_arrays.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

FlowComparison::FlowComparison(objective::Objective& objective,
                               const UpdateRule& rule,
                               const at::Tensor& weights,
                               FlowComparisonOptions options,
                               run::Recorder& recorder)
    : objective_(objective),
      rule_(rule),
      initial_weights_(weights),
      options_(std::move(options)),
      recorder_(recorder) {
  if (options_.midpoint && !options_.discrete) {
    throw InvalidArgument("--processes", "midpoint is measured on the discrete run: add discrete.");
  }
  if (options_.steps < 0 || options_.warm_start < 0 || options_.warm_start > options_.steps) {
    throw InvalidArgument(
        "--warm-start",
        fmt::format(
            "needs 0 <= warm-start <= steps; got {} and {}.", options_.warm_start, options_.steps));
  }
  declare_flow_series(recorder_, options_);
  if (options_.discrete || options_.warm_start > 0) {
    discrete_ = std::make_unique<DiscreteRun>(objective_, rule_, weights, options_.tracker);
  }
}

bool FlowComparison::spectrum_due() const {
  return options_.spectrum_every > 0 && row_ % options_.spectrum_every == 0;
}

void FlowComparison::step() {
  const bool move = row_ < options_.steps;
  at_discrete_ = at_midpoint_ = at_central_ = at_stable_ = directions_ = at::Tensor();
  recorder_.record("step", row_, static_cast<double>(row_));
  if (row_ == options_.warm_start) start_flows();
  if (discrete_) record_discrete(move);
  if (!diverged_) {
    if (options_.midpoint && move) record_midpoint();
    if (central_ && central_failure_.empty()) record_central(move);
    if (stable_ && !stable_->stopped()) record_stable(move);
    record_distances();
    record_deltas();
  }
  ++row_;
}

void FlowComparison::start_flows() {
  const at::Tensor& start = discrete_ ? discrete_->weights() : initial_weights_;
  if (options_.central) {
    central_ = std::make_unique<CentralFlow>(objective_, rule_, start, options_.central_flow);
  }
  if (options_.stable) {
    stable_ = std::make_unique<StableFlow>(objective_, rule_, start, options_.stable_flow);
  }
}

void FlowComparison::record_point(const std::string& process, const PointState& state) {
  recorder_.record(process + "/train_loss", row_, state.loss);
  recorder_.record(process + "/grad_norm_sq", row_, state.gradient_norm2);
  if (!state.eigenvalues.empty()) {
    recorder_.record(process + "/effective_hessian_eigs", row_, state.eigenvalues);
    recorder_.record(process + "/eig_logs/converged", row_, state.eigenpairs_converged ? 1 : 0);
  }
  if (options_.accuracy && state.outputs.defined()) {
    recorder_.record(process + "/train_acc", row_, options_.accuracy(state.outputs));
  }
}

void FlowComparison::record_outputs(const std::string& process, const at::Tensor& weights) {
  if (!options_.chosen_outputs) return;
  const at::Tensor outputs = options_.chosen_outputs(weights.to(objective_.options()));
  recorder_.record(process + "/train_outputs", row_, nn::to_values(outputs));
}

void FlowComparison::record_discrete(bool move) {
  at_discrete_ = discrete_->weights();
  const PointState state = discrete_->step(options_.discrete && spectrum_due(), move);
  if (row_ == 0) first_loss_ = state.loss;
  diverged_ = !std::isfinite(state.loss) || !std::isfinite(state.gradient_norm2) ||
              std::abs(state.loss) > 1e6 * std::max(std::abs(first_loss_), 1e-300);
  if (!options_.discrete) return;
  record_point("discrete", state);
  record_outputs("discrete", at_discrete_);
}

void FlowComparison::record_midpoint() {
  at_midpoint_ = discrete_->midpoint();
  record_point("midpoint", discrete_->midpoint_state(spectrum_due()));
  record_outputs("midpoint", at_midpoint_);
}

void FlowComparison::record_central(bool move) {
  at_central_ = central_->weights().clone();
  CentralState state;
  try {
    state = central_->step(move);
  } catch (const Error& error) {
    central_failure_ = fmt::format("The central flow stopped at step {}: {}", row_, error.what());
    return;
  }
  record_point("central", state);
  record_outputs("central", at_central_);
  directions_ = state.directions;
  const auto record = [&](const char* name, double value) {
    recorder_.record(fmt::format("central/{}", name), row_, value);
  };
  record("predicted_loss", state.predicted_loss);
  record("predicted_grad_norm_sq", state.predicted_gradient_norm2);
  record("sigma_trace", state.sigma_trace);
  record("flow_aux/rank", state.rank);
  record("flow_aux/complementarity_residual", state.complementarity_residual);
  if (move) record("flow_aux/seconds", state.seconds);
  if (!state.variances.empty())
    recorder_.record("central/predicted_variances", row_, state.variances);
  if (options_.chosen_outputs) {
    recorder_.record("central/predicted_outputs",
                     row_,
                     nn::to_values(predicted_outputs(
                         options_.chosen_outputs, objective_.options(), at_central_, state)));
  }
}

void FlowComparison::record_stable(bool move) {
  at_stable_ = stable_->weights().clone();
  const StableState state = stable_->step(move);
  record_point("stable", state);
  record_outputs("stable", at_stable_);
  if (move) recorder_.record("stable/substeps", row_, state.substeps);
}

void FlowComparison::record_distances() {
  const std::array<std::pair<const char*, at::Tensor>, 4> places = {{{"central", at_central_},
                                                                     {"discrete", at_discrete_},
                                                                     {"midpoint", at_midpoint_},
                                                                     {"stable", at_stable_}}};
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t j = i + 1; j < places.size(); ++j) {
      const auto& [a, at_a] = places[i];
      const auto& [b, at_b] = places[j];
      const std::string path = fmt::format("distances/{}-{}", a, b);
      if (at_a.defined() && at_b.defined() && recorder_.find(path) != nullptr) {
        recorder_.record(path, row_, distance(at_a, at_b));
      }
    }
  }
}

void FlowComparison::record_deltas() {
  if (!directions_.defined() || !at_discrete_.defined()) return;
  const Preconditioner m = rule_.preconditioner(rule_.init());
  const auto project = [&](const char* name, const at::Tensor& reference) {
    const at::Tensor delta = at_discrete_.to(at::kDouble) - reference.to(at::kDouble);
    recorder_.record(
        name, row_, nn::to_values(at::mv(directions_.to(at::kDouble).t(), m.times(delta))));
  };
  if (at_central_.defined()) project("deltas", at_central_);
  if (at_midpoint_.defined()) project("midpoint_deltas", at_midpoint_);
}

NamedArrays FlowComparison::state() const {
  NamedArrays arrays;
  arrays.emplace("row", NdArray::scalar<std::int64_t>(row_));
  arrays.emplace("first_loss", NdArray::scalar<double>(first_loss_));
  arrays.emplace("central_failure", NdArray::text(central_failure_));
  if (discrete_) add_arrays(arrays, "discrete", discrete_->state());
  if (central_) add_arrays(arrays, "central", central_->state());
  if (stable_) add_arrays(arrays, "stable", stable_->state());
  return arrays;
}

void FlowComparison::set_state(const NamedArrays& arrays) {
  row_ = arrays.at("row").item<std::int64_t>();
  first_loss_ = arrays.at("first_loss").item<double>();
  central_failure_ = arrays.at("central_failure").to_text();
  if (discrete_) discrete_->set_state(arrays_under(arrays, "discrete"));
  if (row_ <= options_.warm_start) return;
  start_flows();
  if (central_) central_->set_state(arrays_under(arrays, "central"));
  if (stable_) stable_->set_state(arrays_under(arrays, "stable"));
}

}  // namespace thalweg::dynamics
