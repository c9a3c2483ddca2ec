#include "thalweg/dynamics/flow_comparison.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "eigen_tensor.hpp"
#include "flow_series.hpp"
#include "state_arrays.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/dynamics/stationary_preconditioner.hpp"
#include "thalweg/linalg/decompositions.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {
namespace {

constexpr std::array<std::string_view, 5> kFlows = {
    "central", "stable", "rod", "stationary", "ablated"};

bool is_flow(const std::string& process) {
  return std::ranges::find(kFlows, process) != kFlows.end();
}

void check(const FlowComparisonOptions& options) {
  const auto& processes = options.processes;
  for (const std::string& process : processes) {
    if (is_flow(process) || process == "discrete" || process == "midpoint") continue;
    throw InvalidArgument("--processes", fmt::format("'{}' is not a process.", process));
  }
  const auto wants = [&](const char* process) {
    return std::ranges::find(processes, process) != processes.end();
  };
  if (wants("midpoint") && !wants("discrete")) {
    throw InvalidArgument("--processes", "midpoint is measured on the discrete run: add discrete.");
  }
  if (options.steps < 0 || options.warm_start < 0 || options.warm_start > options.steps) {
    throw InvalidArgument(
        "--warm-start",
        fmt::format(
            "needs 0 <= warm-start <= steps; got {} and {}.", options.warm_start, options.steps));
  }
}

/// Comparing preconditioners factors dense Hessians, some hundred times a row.
void check_preconditioners(const FlowComparisonOptions& options,
                           const UpdateRule& rule,
                           std::int64_t dimension) {
  constexpr std::int64_t kMostWeights = 1000;
  if (options.preconditioners_every == 0) return;
  if (rule.options().second_moment != SecondMoment::kDiagonal) {
    throw InvalidArgument("--preconditioners-every",
                          "compares preconditioners of a step size for each weight: rmsprop's.");
  }
  if (dimension > kMostWeights) {
    throw InvalidArgument(
        "--preconditioners-every",
        fmt::format(
            "needs the Hessian in full: at most {} weights; got {}.", kMostWeights, dimension));
  }
}

}  // namespace

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
  check(options_);
  check_preconditioners(options_, rule_, objective_.dimension());
  series_ = std::make_unique<FlowSeries>(recorder_, options_, rule_, objective_.options());
  if (wants("discrete") || options_.warm_start > 0) {
    discrete_ = std::make_unique<DiscreteRun>(
        objective_, rule_, weights, options_.tracker, options_.initial_state);
  }
  if (options_.warm_start == 0) start_flows();
}

FlowComparison::~FlowComparison() = default;

bool FlowComparison::wants(const std::string& process) const {
  return std::ranges::find(options_.processes, process) != options_.processes.end();
}

bool FlowComparison::spectrum_due() const {
  return options_.spectrum_every > 0 && row_ % options_.spectrum_every == 0;
}

const Flow* FlowComparison::flow(const std::string& process) const {
  const auto found = flows_.find(process);
  return found == flows_.end() ? nullptr : found->second.get();
}

void FlowComparison::start_flows() {
  const at::Tensor& start = discrete_ ? discrete_->weights() : initial_weights_;
  const OptimizerState& before = discrete_ ? discrete_->before() : options_.initial_state;
  for (const std::string& process : options_.processes) {
    if (is_flow(process)) flows_.emplace(process, make_flow(process, start, before));
  }
}

std::unique_ptr<Flow> FlowComparison::make_flow(const std::string& process,
                                                const at::Tensor& start,
                                                const OptimizerState& before) {
  if (process == "stable") {
    return std::make_unique<StableFlow>(objective_, rule_, start, options_.stable_flow, before);
  }
  if (process == "rod") {
    return std::make_unique<RodFlow>(objective_, rule_, start, options_.rod_flow, before);
  }
  CentralFlowOptions options = options_.central_flow;
  options.kind = process == "stationary" ? CentralFlowKind::kStationary
                 : process == "ablated"  ? CentralFlowKind::kAblated
                                         : CentralFlowKind::kCentral;
  return std::make_unique<CentralFlow>(objective_, rule_, start, options, before);
}

void FlowComparison::step() {
  const bool move = row_ < options_.steps;
  places_.clear();
  weighted_directions_ = at::Tensor();
  recorder_.record("step", row_, static_cast<double>(row_));
  if (row_ == options_.warm_start && flows_.empty()) start_flows();
  if (discrete_) record_discrete(move);
  if (!diverged_) {
    if (wants("midpoint") && move) record_midpoint();
    for (auto& [process, flow] : flows_) {
      if (!flow->stopped() && !failures_.contains(process)) record_flow(process, *flow, move);
    }
    if (options_.raw_eigenvalues && spectrum_due()) record_raw_eigenvalues();
    series_->record_distances(row_, places_);
    series_->record_deltas(row_, places_, weighted_directions_);
  }
  ++row_;
}

void FlowComparison::record_discrete(bool move) {
  const at::Tensor weights = discrete_->weights();
  const bool wanted = wants("discrete");
  const PointState state = discrete_->step(wanted && spectrum_due(), move);
  if (row_ == 0) largest_loss_ = divergence_limit(state.loss, weights);
  diverged_ = !std::isfinite(state.loss) || !std::isfinite(state.gradient_norm2) ||
              std::abs(state.loss) > largest_loss_;
  if (!wanted) return;
  places_.emplace("discrete", weights);
  series_->record_point("discrete", row_, weights, state, discrete_->optimizer());
}

/// A loss that no run near the edge of stability comes to: a million times the first one and a
/// thousand times w^T M w, the loss of a parabola at the edge at the weights' own distance from its
/// bottom. The first loss alone says nothing where a run begins at a minimum; where both are 0 only
/// numbers that are not finite count.
double FlowComparison::divergence_limit(double first_loss, const at::Tensor& weights) const {
  const at::Tensor w = weights.to(at::kDouble);
  const auto m = rule_.preconditioner(discrete_->optimizer());
  const double scale = w.dot(m.times(w)).item<double>();
  const double limit = std::max(1e6 * std::abs(first_loss), 1e3 * scale);
  return limit > 0 ? limit : std::numeric_limits<double>::infinity();
}

void FlowComparison::record_midpoint() {
  const at::Tensor weights = discrete_->midpoint();
  places_.emplace("midpoint", weights);
  const PointState state = discrete_->midpoint_state(spectrum_due());
  series_->record_point("midpoint", row_, weights, state, discrete_->optimizer());
}

void FlowComparison::record_flow(const std::string& process, Flow& flow, bool move) {
  const at::Tensor weights = flow.weights().clone();
  const OptimizerState optimizer = flow.optimizer();
  const objective::WorkCounters before = objective_.work();
  const auto begin = std::chrono::steady_clock::now();
  FlowState state;
  try {
    state = flow.step(move);
  } catch (const Error& error) {
    failures_[process] =
        fmt::format("The {} flow stopped at step {}: {}", process, row_, error.what());
    return;
  }
  const StepCost cost{
      .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
      .work = objective_.work().since(before)};
  places_.emplace(process, weights);
  series_->record_point(process, row_, weights, state, optimizer);
  series_->record_flow(process, row_, weights, state, cost);
  if (process == "central") weighted_directions_ = state.weighted_directions;
  if (options_.preconditioners_every > 0 && row_ % options_.preconditioners_every == 0)
    record_preconditioners(process, weights, optimizer);
}

/// The flow's M beside the one at which it would rest, the one of least trace, and S/2.
void FlowComparison::record_preconditioners(const std::string& process,
                                            const at::Tensor& weights,
                                            const OptimizerState& optimizer) {
  const auto loss = objective_.at(weights);
  const at::Tensor gradient = loss->gradient();
  const at::Tensor columns = at::eye(objective_.dimension(), objective_.options());
  const Eigen::MatrixXd product = to_eigen(loss->hessian_times(columns));
  const Eigen::MatrixXd hessian = 0.5 * (product + product.transpose());
  const Eigen::VectorXd g = to_eigen(gradient);
  const Eigen::VectorXd m =
      to_eigen(rule_.preconditioner(optimizer).times(at::ones_like(gradient)));
  const double eta = rule_.learning_rate(optimizer.time);
  const Eigen::VectorXd resting = stationary_preconditioner(hessian, g / eta);
  const Eigen::VectorXd least = stationary_preconditioner(hessian, Eigen::VectorXd::Zero(g.size()));
  const double sharpness = linalg::eigenvalues(hessian).maxCoeff();
  series_->record_preconditioners(
      process,
      row_,
      {.cosine = m.cwiseAbs2().normalized().dot(resting.cwiseAbs2().normalized()),
       .speed = preconditioned_speed(g, m),
       .speed_stationary = preconditioned_speed(g, resting),
       .speed_least = preconditioned_speed(g, least),
       .speed_uniform = 2 * g.squaredNorm() / sharpness});
}

/// Eigenvalues of the plain Hessian, where they are no multiple of the effective ones.
void FlowComparison::record_raw_eigenvalues() {
  if (rule_.options().second_moment != SecondMoment::kDiagonal) return;
  for (const auto& [process, weights] : places_) {
    if (process == "rod") continue;
    const auto [tracker, is_new] = raw_trackers_.try_emplace(
        process, objective_.dimension(), objective_.options(), options_.tracker);
    const auto loss = objective_.at(weights);
    const auto& pairs =
        tracker->second.update([&](const at::Tensor& v) { return loss->hessian_times(v); });
    recorder_.record(process + "/hessian_eigs", row_, nn::to_values(pairs.values));
  }
}

NamedArrays FlowComparison::state() const {
  NamedArrays arrays;
  arrays.emplace("row", NdArray::scalar<std::int64_t>(row_));
  arrays.emplace("largest_loss", NdArray::scalar<double>(largest_loss_));
  for (const auto& [process, sentence] : failures_)
    arrays.emplace("failures/" + process, NdArray::text(sentence));
  if (discrete_) add_arrays(arrays, "discrete", discrete_->state());
  for (const auto& [process, flow] : flows_) add_arrays(arrays, process, flow->state());
  for (const auto& [process, tracker] : raw_trackers_)
    add_arrays(arrays, "raw/" + process, tracker.state());
  return arrays;
}

void FlowComparison::set_state(const NamedArrays& arrays) {
  row_ = arrays.at("row").item<std::int64_t>();
  largest_loss_ = arrays.at("largest_loss").item<double>();
  for (const auto& [process, sentence] : arrays_under(arrays, "failures"))
    failures_[process] = sentence.to_text();
  if (discrete_) discrete_->set_state(arrays_under(arrays, "discrete"));
  if (row_ > options_.warm_start && flows_.empty()) start_flows();
  if (row_ > options_.warm_start) {
    for (auto& [process, flow] : flows_) flow->set_state(arrays_under(arrays, process));
  }
  for (const std::string& process : options_.processes) {
    const NamedArrays tracker = arrays_under(arrays, "raw/" + process);
    if (tracker.empty()) continue;
    raw_trackers_
        .try_emplace(process, objective_.dimension(), objective_.options(), options_.tracker)
        .first->second.set_state(tracker);
  }
}

}  // namespace thalweg::dynamics
