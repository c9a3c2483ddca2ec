#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/nn/network.hpp"

namespace thalweg::app {

/// Where a run starts: weights [P] in double, and what an optimizer carries there, as far as the
/// file says.
struct InitialPoint {
  at::Tensor weights;
  dynamics::OptimizerState optimizer;  ///< second moments [P], or [1] of Scalar RMSProp
};

/// Reads a .npz or .safetensors file, in any of three forms:
///
/// - flat vectors `weights`, `second_moment` and `momentum`, and a number `step`;
/// - one tensor a parameter by name, as a state_dict, with `square_avg.NAME` or `exp_avg_sq.NAME`
///   (second moments) and `momentum_buffer.NAME` or `exp_avg.NAME`;
/// - a checkpoint of `thalweg flow`, where `process` (such as discrete) had come.
///
/// Only the weights must be there. @throws BadInput  naming the file and what is missing in it, or
/// has the wrong shape
InitialPoint read_initial_point(const std::string& file,
                                const std::string& process,
                                const std::vector<nn::ParameterInfo>& layout);

}  // namespace thalweg::app
