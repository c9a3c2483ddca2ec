#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/nn/torchscript.hpp"

namespace thalweg::nn {

/// How the module will be used, with a few examples to try it on.
struct TorchScriptProbe {
  /// what forward is given, on the CPU in the dtype of the run; the first axis counts examples, at
  /// least two of them. Empty for a module that holds its data itself.
  std::vector<at::Tensor> arguments;
  /// dtype of the weights
  at::ScalarType dtype = at::kDouble;
  /// forward returns the loss itself, a scalar
  bool returns_loss = false;
  /// outputs that the data set asks for; 0: any number. Without meaning where forward returns the
  /// loss.
  std::int64_t outputs = 0;
  /// the trial is stopped after this time
  double limit_seconds = 120;
  /// the trial may use this part of the memory available now
  double limit_memory = 0.5;
};

/// What a trial found of a module that can be used.
struct TorchScriptCheck {
  /// The output of an example depends on the others in its batch (batch-norm in training mode), or
  /// a loss that forward returns is not the mean over its examples: the full-batch loss is well
  /// defined, its split into micro-batches is not.
  bool mixes_examples = false;
  /// Products with the Hessian could not be compared with differences of gradients: the function
  /// has kinks wherever it was tried.
  bool unverified_curvature = false;
  /// Parameters that the output does not depend on: their gradient is zero.
  std::vector<std::string> unused_parameters;
};

/// Tries a user's module before a run and refuses what cannot work, each in one sentence.
///
/// The archive is checked first; then the module is loaded and evaluated in a forked process with
/// limits on time and memory, so that no file, hostile or damaged, harms this one. Tried are: two
/// equal calls, half of the batch, the shape and dtype of the outputs, gradients, and whether
/// second derivatives are those of the gradients: an operator may have wrong ones.
///
/// The child is a fork: call this before the threads of ATen, OpenMP or CUDA have started, that is
/// before any other tensor work of size. The child itself uses one thread and the CPU.
///
/// @throws BadInput         what was wrong with the file, and what to do
/// @throws InvalidArgument  a probe of fewer than two examples
/// @throws RunFailed        the system refused the process
TorchScriptCheck check_torchscript(const std::filesystem::path& file,
                                   const TorchScriptProbe& probe,
                                   const TorchScriptOptions& options = {});

}  // namespace thalweg::nn
