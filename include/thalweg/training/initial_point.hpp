#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/nn/network.hpp"
#include "thalweg/nn/torchscript.hpp"

namespace thalweg::training {

/// What a model calls its tensors.
struct ModelLayout {
  std::vector<nn::ParameterInfo> parameters;
  std::map<std::string, std::string> ties;  ///< further names of parameters, with their first
  std::vector<nn::StateInfo> state;
};

/// Where a run starts: weights, and what an optimizer carries there, as far as the file says; all
/// of it in double on the CPU.
struct InitialPoint {
  at::Tensor weights = {};        ///< [P]
  at::Tensor second_moment = {};  ///< [P], or [1] of Scalar RMSProp; undefined where there is none
  at::Tensor momentum = {};       ///< [P]; undefined where there is none
  std::optional<double> step = {};
  std::map<std::string, at::Tensor> state = {};  ///< those of the model's state that the file has
  std::vector<std::string> notes = {};  ///< sentences: what was ignored, stripped or not found
};

/// Reads a .npz or .safetensors file, in any of three forms:
///
/// - flat vectors `weights`, `second_moment` and `momentum`, and a number `step`;
/// - one tensor per parameter by name, as a state_dict, with `square_avg.NAME` or `exp_avg_sq.NAME`
///   (second moments) and `momentum_buffer.NAME` or `exp_avg.NAME`. Names that torch.compile, FSDP
///   or checkpointing wrapped are unwrapped, and a prefix that all names share ("module.", of
///   DataParallel) is left out;
/// - a checkpoint of `thalweg flow`, where `process` (such as discrete) had come.
///
/// Only the weights must be there. Other arrays are not read, whatever they hold.
/// @throws BadInput  naming the file and what is missing in it, has the wrong shape, is there twice
/// or is not finite
InitialPoint read_initial_point(const std::filesystem::path& file,
                                const std::string& process,
                                const ModelLayout& layout);

}  // namespace thalweg::training
