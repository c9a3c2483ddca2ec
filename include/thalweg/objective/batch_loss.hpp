#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/data/dataset.hpp"
#include "thalweg/nn/network.hpp"
#include "thalweg/nn/torchscript.hpp"

namespace thalweg::objective {

/// What a range of examples adds to the training loss.
struct PartialLoss {
  at::Tensor loss;  ///< scalar; over all ranges they sum to the training loss
  /// (examples of the range, c), for sequences (examples, T, c), or undefined where there are none
  at::Tensor outputs;
};

/// A training loss as a differentiable function of the weights that can be taken in ranges of
/// examples. All tensors have the dtype and device it was made with.
class BatchLoss {
 public:
  virtual ~BatchLoss() = default;
  /// The layout of the weight vector: one differentiable tensor for each entry.
  virtual const std::vector<nn::ParameterInfo>& layout() const = 0;
  /// Examples that can be split into ranges; 1 for a loss that cannot be split.
  virtual std::int64_t examples() const = 0;
  /// The fewest examples that may be evaluated on their own.
  virtual std::int64_t smallest_range() const { return 1; }
  virtual PartialLoss evaluate(const nn::ParameterTensors& parameters,
                               std::int64_t first,
                               std::int64_t last) const = 0;
  /// Network outputs on `count` equally spaced examples, without the loss; undefined where there
  /// are none.
  virtual at::Tensor outputs(const nn::ParameterTensors& parameters, std::int64_t count) const = 0;

  std::int64_t dimension() const;  ///< P
};

/// Means are over examples; for sequences over all positions that count (label not -1), whichever
/// example they are of.
enum class LossKind {
  kMse,  ///< 1/2 mean of the sum over outputs of (f - y)^2; labels become one-hot, +-1 for a single
         ///< output
  kCrossEntropy  ///< mean, nats; for a single output the logistic loss log(1 + exp(-y f)), y = +-1
};

/// "mse" or "cross-entropy". @throws InvalidArgument
LossKind loss_kind_named(std::string_view name);

/// A network's loss over a data set.
///
/// @param network  kept; its outputs must be as many as the targets, (n, c), or (n, T, c) for
/// labels
///                 (n, T) (checked on the first example)
/// @param data     copied to the dtype and device of `options`
/// @throws InvalidArgument  cross-entropy on real targets; outputs that do not fit the data
std::unique_ptr<BatchLoss> network_loss(std::shared_ptr<const nn::Network> network,
                                        const data::Dataset& data,
                                        LossKind kind,
                                        at::TensorOptions options,
                                        bool split = true);

/// A user's module that returns the loss itself, from forward(x, y) or, without data, from
/// forward().
///
/// @param module  kept
/// @param data    null: forward() holds all it needs, and the loss cannot be split. Otherwise
/// forward(x, y) must be a mean over
///                the examples it is given; y is int64 (n) or real (n, c)
/// @param split   whether ranges of examples may be evaluated on their own
std::unique_ptr<BatchLoss> module_loss(std::shared_ptr<const nn::TorchScriptModule> module,
                                       const data::Dataset* data,
                                       bool split,
                                       at::TensorOptions options);

/// Any differentiable function of the weights, [P] -> scalar, as a loss that cannot be split:
/// closed-form toys, a user's module that computes its own loss.
std::unique_ptr<BatchLoss> function_loss(std::int64_t dimension,
                                         std::function<at::Tensor(const at::Tensor&)> function);

}  // namespace thalweg::objective
