#include "flow_series.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace thalweg::dynamics {
namespace {

void declare_process(run::Recorder& recorder,
                     const std::string& process,
                     const FlowComparisonOptions& options) {
  const auto declare =
      [&](const char* name, const char* unit, const char* description, bool matrix = false) {
        recorder.declare(fmt::format("{}/{}", process, name), unit, description, matrix);
      };
  declare("train_loss", "loss", "training loss L(w)");
  declare("grad_norm_sq", "loss^2/weight^2", "squared norm of the gradient of the training loss");
  declare(
      "effective_hessian_eigs",
      "1",
      "leading eigenvalues of the effective Hessian M^-1 H, descending; the edge of stability is 2",
      true);
  declare(
      "eig_logs/converged", "1", "1 where every reported eigenpair met the tolerance, 0 where not");
  if (options.accuracy)
    declare("train_acc", "1", "fraction of the training examples classified right");
  if (options.chosen_outputs) {
    declare("train_outputs",
            "output",
            "network outputs of the chosen examples, example by example",
            true);
  }
}

void declare_central(run::Recorder& recorder, const FlowComparisonOptions& options) {
  const auto declare =
      [&](const char* name, const char* unit, const char* description, bool matrix = false) {
        recorder.declare(fmt::format("central/{}", name), unit, description, matrix);
      };
  declare("predicted_loss",
          "loss",
          "predicted time average of the optimizer's training loss, L + tr X");
  declare("predicted_grad_norm_sq",
          "loss^2/weight^2",
          "predicted time average of the optimizer's squared gradient norm");
  declare("predicted_variances",
          "loss",
          "predicted variance of v_i^T M delta along each direction of oscillation, descending",
          true);
  declare("sigma_trace",
          "weight^2",
          "predicted variance of the oscillation over all directions, tr Sigma");
  declare("flow_aux/rank", "1", "number of directions that oscillate: rank of X");
  declare("flow_aux/complementarity_residual",
          "1",
          "largest violation of the complementarity problem's optimality conditions, relative");
  declare("flow_aux/seconds", "s", "wall time of the central flow's step");
  if (options.chosen_outputs) {
    declare("predicted_outputs", "output", "predicted time average of train_outputs", true);
  }
}

}  // namespace

void declare_flow_series(run::Recorder& recorder, const FlowComparisonOptions& options) {
  recorder.declare("step", "step", "number of optimizer steps taken");
  std::vector<std::string> processes;  // in the alphabetical order of the distances
  if (options.central) processes.emplace_back("central");
  if (options.discrete) processes.emplace_back("discrete");
  if (options.midpoint) processes.emplace_back("midpoint");
  if (options.stable) processes.emplace_back("stable");
  for (std::size_t i = 0; i < processes.size(); ++i) {
    declare_process(recorder, processes[i], options);
    for (std::size_t j = i + 1; j < processes.size(); ++j) {
      recorder.declare(fmt::format("distances/{}-{}", processes[i], processes[j]),
                       "weight",
                       fmt::format("|w_{} - w_{}|", processes[i], processes[j]));
    }
  }
  if (options.stable) recorder.declare("stable/substeps", "1", "Euler steps taken in this step");
  if (!options.central) return;
  declare_central(recorder, options);
  if (!options.discrete) return;
  recorder.declare("deltas",
                   "loss^(1/2)",
                   "v_i^T M (w_discrete - w_central) along the central flow's directions",
                   true);
  if (!options.midpoint) return;
  recorder.declare("midpoint_deltas",
                   "loss^(1/2)",
                   "v_i^T M (w_discrete - w_midpoint) along the central flow's directions",
                   true);
  recorder.declare(
      "measured_variances",
      "loss",
      "squares of midpoint_deltas, smoothed over time: the measured twin of predicted_variances",
      true);
}

at::Tensor predicted_outputs(const std::function<at::Tensor(const at::Tensor&)>& outputs,
                             at::TensorOptions tensor_options,
                             const at::Tensor& weights,
                             const CentralState& state) {
  const at::NoGradGuard no_grad;
  const at::Tensor here = outputs(weights.to(tensor_options)).to(at::kDouble);
  at::Tensor average = here.clone();
  for (int i = 0; i < state.rank; ++i) {
    // Steps of the oscillation's own size: the difference then holds its even orders, not only the
    // second.
    const at::Tensor step =
        state.directions.select(1, i).to(at::kDouble) * std::sqrt(state.variances[i]);
    const at::Tensor plus = outputs((weights + step).to(tensor_options)).to(at::kDouble);
    const at::Tensor minus = outputs((weights - step).to(tensor_options)).to(at::kDouble);
    average += (plus + minus - 2 * here) / 2;
  }
  return average;
}

}  // namespace thalweg::dynamics
