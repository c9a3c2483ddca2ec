#include "flow_series.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "norms.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {
namespace {

/// Whether a process has an oscillation of its own to predict.
bool predicts(const std::string& process) {
  return process == "central" || process == "rod" || process == "stationary" ||
         process == "ablated";
}

/// f + 1/2 <f'', Sigma> for the outputs f of the chosen examples, by second differences along the
/// directions of Sigma.
at::Tensor predicted_outputs(const std::function<at::Tensor(const at::Tensor&)>& outputs,
                             at::TensorOptions tensor_options,
                             const at::Tensor& weights,
                             const FlowState& state) {
  const at::NoGradGuard no_grad;
  const at::Tensor here = outputs(weights.to(tensor_options)).to(at::kDouble);
  at::Tensor average = here.clone();
  for (std::size_t i = 0; i < state.variances.size(); ++i) {
    // Steps of the oscillation's own size: the difference then holds its even orders, not only the
    // second.
    const at::Tensor direction = state.directions.select(1, static_cast<std::int64_t>(i));
    const at::Tensor step = direction.to(at::kDouble) * std::sqrt(state.variances[i]);
    const at::Tensor plus = outputs((weights + step).to(tensor_options)).to(at::kDouble);
    const at::Tensor minus = outputs((weights - step).to(tensor_options)).to(at::kDouble);
    average += (plus + minus - 2 * here) / 2;
  }
  return average;
}

/// The diagonal of H Sigma H = 4 M Sigma M.
at::Tensor squared_oscillation(const FlowState& state, std::int64_t dimension) {
  at::Tensor sum = at::zeros({dimension}, at::kDouble);
  for (std::size_t i = 0; i < state.variances.size(); ++i) {
    const at::Tensor v =
        state.weighted_directions.select(1, static_cast<std::int64_t>(i)).to(at::kDouble);
    sum = sum.to(v.device()) + 4 * state.variances[i] * v * v;
  }
  return sum;
}

}  // namespace

FlowSeries::FlowSeries(run::Recorder& recorder,
                       const FlowComparisonOptions& options,
                       const UpdateRule& rule,
                       at::TensorOptions tensor_options)
    : recorder_(recorder), options_(options), rule_(rule), tensor_options_(tensor_options) {
  recorder_.declare("step", "step", "number of optimizer steps taken");
  for (const std::string& process : options_.processes) {
    declare_point(process);
    declare_optimizer(process);
    if (predicts(process)) declare_flow(process);
    if (options_.preconditioners_every > 0 && (predicts(process) || process == "stable"))
      declare_preconditioners(process);
    if (process == "stable")
      recorder_.declare("stable/substeps", "1", "Euler steps taken in this step");
  }
  declare_comparisons();
}

bool FlowSeries::has(const std::string& process) const {
  return std::ranges::find(options_.processes, process) != options_.processes.end();
}

void FlowSeries::declare_point(const std::string& process) {
  const auto declare =
      [&](const char* name, const char* unit, const std::string& description, bool matrix = false) {
        recorder_.declare(fmt::format("{}/{}", process, name), unit, description, matrix);
      };
  declare("train_loss", "loss", "training loss L(w)");
  declare("grad_norm_sq", "loss^2/weight^2", "squared norm of the gradient of the training loss");
  declare("grad_sq_selected_idx",
          "loss^2/weight^2",
          "squares of the gradient's elements at equally spaced coordinates",
          true);
  if (options_.accuracy)
    declare("train_acc", "1", "fraction of the training examples classified right");
  if (options_.test) {
    declare("test_loss", "loss", "loss on the test examples");
    if (options_.accuracy)
      declare("test_acc", "1", "fraction of the test examples classified right");
  }
  if (options_.chosen_outputs)
    declare("train_outputs", "output", "network outputs of the chosen examples, one by one", true);
  if (options_.chosen_test_outputs)
    declare("test_outputs", "output", "the same of chosen test examples", true);
  if (process == "rod") return;  // it does without eigenvectors
  declare("effective_hessian_eigs",
          "1",
          fmt::format("leading eigenvalues of the effective Hessian M^-1 H, descending; the edge "
                      "of stability is {:.4g}",
                      rule_.edge()),
          true);
  if (options_.raw_eigenvalues || rule_.options().second_moment != SecondMoment::kDiagonal)
    declare("hessian_eigs", "loss/weight^2", "leading eigenvalues of the Hessian", true);
  declare(
      "eig_logs/converged", "1", "1 where every reported eigenpair met the tolerance, 0 where not");
  declare("eig_logs/n_iter", "1", "iterations of the eigensolver");
  declare("eig_logs/matvec_count", "1", "Hessian products that it took");
}

void FlowSeries::declare_optimizer(const std::string& process) {
  const auto declare =
      [&](const char* name, const char* unit, const char* description, bool matrix = false) {
        recorder_.declare(fmt::format("{}/opt.{}", process, name), unit, description, matrix);
      };
  declare("t", "step", "gradients that the optimizer has seen, with the one of this step");
  declare("lr", "weight^2/loss", "learning rate of this step");
  switch (rule_.options().second_moment) {
    case SecondMoment::kNone:
      return;
    case SecondMoment::kScalar:
      declare("nu", "loss^2/weight^2", "second moment: average of the squared gradient norm");
      declare("effective_step_size", "weight^2/loss", "eta / (sqrt(nu) + epsilon)");
      return;
    case SecondMoment::kDiagonal:
      declare("nu_l1", "loss^2/weight^2", "sum of the second moments");
      declare("nu_selected_idx",
              "loss^2/weight^2",
              "second moments at equally spaced coordinates",
              true);
      declare("ess_mean", "weight^2/loss", "mean over the weights of the effective step size");
      declare("ess_harmonic_mean", "weight^2/loss", "harmonic mean of the effective step sizes");
  }
}

void FlowSeries::declare_flow(const std::string& process) {
  const auto declare =
      [&](const char* name, const char* unit, const char* description, bool matrix = false) {
        recorder_.declare(fmt::format("{}/{}", process, name), unit, description, matrix);
      };
  declare("predicted_loss", "loss", "predicted time average of the optimizer's training loss");
  declare("predicted_grad_norm_sq",
          "loss^2/weight^2",
          "predicted time average of the optimizer's squared gradient norm");
  declare("predicted_grad_sq_selected_idx",
          "loss^2/weight^2",
          "predicted time average of grad_sq_selected_idx",
          true);
  declare("predicted_variances",
          "loss",
          "predicted variance of v_i^T M delta along each direction of oscillation, descending",
          true);
  declare("sigma_trace",
          "weight^2",
          "predicted variance of the oscillation over all directions, tr Sigma");
  declare("flow_aux/rank", "1", "number of directions that oscillate: rank of Sigma");
  declare("flow_aux/substeps", "1", "Euler steps taken in this step");
  declare("flow_aux/seconds", "s", "wall time of the flow's step");
  declare("flow_aux/gradients", "1", "gradients computed in it, those of third derivatives too");
  declare("flow_aux/hessian_products", "1", "Hessian products computed in it, columns");
  declare("flow_aux/gradient_seconds",
          "s",
          "wall time of a gradient in it, the mean over those without a graph for products");
  if (options_.chosen_outputs)
    declare("predicted_outputs", "output", "predicted time average of train_outputs", true);
  if (process == "rod") return;
  declare("flow_aux/error", "1", "estimated error of the integration, over the step's length");
  declare("flow_aux/complementarity_residual",
          "1",
          "largest violation of the complementarity problem's optimality conditions, relative");
}

void FlowSeries::declare_preconditioners(const std::string& process) {
  const auto declare = [&](const char* name, const char* unit, const char* description) {
    recorder_.declare(fmt::format("{}/preconditioner.{}", process, name), unit, description);
  };
  declare("cosine", "1", "between nu and its stationary value at these weights");
  declare("speed", "loss/step", "g^T M^-1 g of the flow's own M");
  declare("speed_stationary", "loss/step", "the same of the M at which nu would rest");
  declare("speed_least", "loss/step", "the same of the M >= H/2 of least trace");
  declare("speed_uniform", "loss/step", "the same of M = S/2, gradient descent at the edge");
}

void FlowSeries::record_preconditioners(const std::string& process,
                                        std::int64_t row,
                                        const PreconditionerScores& scores) {
  const auto record = [&](const char* name, double value) {
    recorder_.record(fmt::format("{}/preconditioner.{}", process, name), row, value);
  };
  record("cosine", scores.cosine);
  record("speed", scores.speed);
  record("speed_stationary", scores.speed_stationary);
  record("speed_least", scores.speed_least);
  record("speed_uniform", scores.speed_uniform);
}

void FlowSeries::declare_comparisons() {
  std::vector<std::string> names = options_.processes;
  std::ranges::sort(names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      recorder_.declare(fmt::format("distances/{}-{}", names[i], names[j]),
                        "weight",
                        fmt::format("|w_{} - w_{}|", names[i], names[j]));
    }
  }
  if (!has("central") || !has("discrete")) return;
  recorder_.declare("deltas",
                    "loss^(1/2)",
                    "v_i^T M (w_discrete - w_central) along the central flow's directions",
                    true);
  if (!has("midpoint")) return;
  recorder_.declare("midpoint_deltas",
                    "loss^(1/2)",
                    "v_i^T M (w_discrete - w_midpoint) along the central flow's directions",
                    true);
  recorder_.declare(
      "measured_variances",
      "loss",
      "squares of midpoint_deltas, smoothed over time: the measured twin of predicted_variances",
      true);
}

/// The elements of v at `options.coordinates` equally spaced places, in double.
at::Tensor FlowSeries::selected(const at::Tensor& v) const {
  const std::int64_t count = std::min<std::int64_t>(options_.coordinates, v.size(0));
  const at::Tensor places =
      at::arange(count, at::kLong) * (v.size(0) / std::max<std::int64_t>(count, 1));
  return v.detach().index_select(0, places.to(v.device())).to(at::kDouble);
}

void FlowSeries::record_point(const std::string& process,
                              std::int64_t row,
                              const at::Tensor& weights,
                              const PointState& state,
                              const OptimizerState& optimizer) {
  const auto record = [&](const char* name, const auto& value) {
    recorder_.record(fmt::format("{}/{}", process, name), row, value);
  };
  record("train_loss", state.loss);
  record("grad_norm_sq", state.gradient_norm2);
  if (options_.coordinates > 0)
    record("grad_sq_selected_idx", nn::to_values(selected(state.gradient).square()));
  if (options_.accuracy && state.outputs.defined())
    record("train_acc", options_.accuracy(state.outputs));
  if (!state.eigenvalues.empty()) {
    record("effective_hessian_eigs", state.eigenvalues);
    record("eig_logs/converged", state.eigenpairs_converged ? 1.0 : 0.0);
    record("eig_logs/n_iter", static_cast<double>(state.eigen_iterations));
    record("eig_logs/matvec_count", static_cast<double>(state.hessian_products));
    if (rule_.options().second_moment != SecondMoment::kDiagonal) {
      const double scale = rule_.preconditioner(optimizer).scalar();
      std::vector<double> raw = state.eigenvalues;
      for (double& value : raw) value *= scale;
      record("hessian_eigs", raw);
    }
  }
  const at::Tensor point = weights.to(tensor_options_);
  if (options_.chosen_outputs)
    record("train_outputs", nn::to_values(options_.chosen_outputs(point)));
  if (options_.chosen_test_outputs)
    record("test_outputs", nn::to_values(options_.chosen_test_outputs(point)));
  if (options_.test) {
    const auto scores = options_.test(point);
    record("test_loss", scores.loss);
    if (options_.accuracy) record("test_acc", scores.accuracy);
  }
  record_optimizer(process, row, optimizer);
}

void FlowSeries::record_optimizer(const std::string& process,
                                  std::int64_t row,
                                  const OptimizerState& optimizer) {
  const auto record = [&](const char* name, const auto& value) {
    recorder_.record(fmt::format("{}/opt.{}", process, name), row, value);
  };
  record("t", optimizer.time);
  record("lr", rule_.learning_rate(optimizer.time));
  const at::Tensor& nu = optimizer.second_moment;
  if (!nu.defined()) return;
  const Preconditioner m = rule_.preconditioner(optimizer);
  if (rule_.options().second_moment == SecondMoment::kScalar) {
    record("nu", nu.item<double>());
    record("effective_step_size", m.mean_step_size());
    return;
  }
  record("nu_l1", nu.sum(at::kDouble).item<double>());
  if (options_.coordinates > 0) record("nu_selected_idx", nn::to_values(selected(nu)));
  record("ess_mean", m.mean_step_size());
  record("ess_harmonic_mean", m.harmonic_mean_step_size());
}

void FlowSeries::record_flow(const std::string& process,
                             std::int64_t row,
                             const at::Tensor& weights,
                             const FlowState& state,
                             const StepCost& cost) {
  if (process == "stable") {
    if (state.substeps > 0) recorder_.record("stable/substeps", row, state.substeps);
    return;
  }
  const auto record = [&](const char* name, const auto& value) {
    recorder_.record(fmt::format("{}/{}", process, name), row, value);
  };
  record("predicted_loss", state.predicted_loss);
  record("predicted_grad_norm_sq", state.predicted_gradient_norm2);
  record("sigma_trace", state.sigma_trace);
  record("flow_aux/rank", static_cast<double>(state.variances.size()));
  if (!state.variances.empty()) record("predicted_variances", state.variances);
  if (options_.coordinates > 0) {
    const at::Tensor average = state.gradient.to(at::kDouble).square() +
                               squared_oscillation(state, weights.size(0)).to(weights.device());
    record("predicted_grad_sq_selected_idx", nn::to_values(selected(average)));
  }
  if (options_.chosen_outputs) {
    record(
        "predicted_outputs",
        nn::to_values(predicted_outputs(options_.chosen_outputs, tensor_options_, weights, state)));
  }
  if (state.substeps > 0) {
    record("flow_aux/substeps", static_cast<double>(state.substeps));
    record("flow_aux/seconds", cost.seconds);
    record("flow_aux/gradients", static_cast<double>(cost.work.gradients));
    record("flow_aux/hessian_products", static_cast<double>(cost.work.hessian_products));
    if (cost.work.plain_gradients > 0) {
      record("flow_aux/gradient_seconds",
             cost.work.plain_gradient_seconds / static_cast<double>(cost.work.plain_gradients));
    }
  }
  if (process == "rod") return;
  if (!std::isnan(state.error)) record("flow_aux/error", state.error);
  if (!std::isnan(state.residual)) record("flow_aux/complementarity_residual", state.residual);
}

void FlowSeries::record_distances(std::int64_t row,
                                  const std::map<std::string, at::Tensor>& places) {
  for (auto a = places.begin(); a != places.end(); ++a) {
    for (auto b = std::next(a); b != places.end(); ++b) {
      recorder_.record(
          fmt::format("distances/{}-{}", a->first, b->first), row, distance(a->second, b->second));
    }
  }
}

void FlowSeries::record_deltas(std::int64_t row,
                               const std::map<std::string, at::Tensor>& places,
                               const at::Tensor& weighted_directions) {
  const auto run = places.find("discrete");
  if (!weighted_directions.defined() || run == places.end()) return;
  const at::Tensor projection = weighted_directions.to(at::kDouble).t();
  const auto project = [&](const char* name, const std::string& process) {
    const auto reference = places.find(process);
    if (reference == places.end()) return;
    const at::Tensor delta = run->second.to(at::kDouble) - reference->second.to(at::kDouble);
    recorder_.record(name, row, nn::to_values(at::mv(projection, delta)));
  };
  project("deltas", "central");
  project("midpoint_deltas", "midpoint");
}

}  // namespace thalweg::dynamics
