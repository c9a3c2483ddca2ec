#pragma once

#include "thalweg/dynamics/flow_comparison.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::dynamics {

/// Declares every series that a comparison with these options records, with units and descriptions.
void declare_flow_series(run::Recorder& recorder, const FlowComparisonOptions& options);

/// f + 1/2 <f'', Sigma> for the outputs f of the chosen examples, by second differences along the
/// directions of Sigma.
at::Tensor predicted_outputs(const std::function<at::Tensor(const at::Tensor&)>& outputs,
                             at::TensorOptions tensor_options,
                             const at::Tensor& weights,
                             const CentralState& state);

}  // namespace thalweg::dynamics
