#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "thalweg/objective/batch_loss.hpp"

namespace thalweg::objective {

/// Loss, outputs and gradient of one range of examples; with `differentiable` the gradient keeps a
/// graph for Hessian products.
///
/// Every parameter is a leaf of its own: slicing one flat leaf would make autograd fill and add a
/// vector of all P numbers for each of them.
class Derivatives {
 public:
  Derivatives(const BatchLoss& loss,
              const at::Tensor& weights,
              std::int64_t first,
              std::int64_t last,
              bool differentiable);

  const at::Tensor& loss() const { return loss_; }          ///< scalar
  const at::Tensor& outputs() const { return outputs_; }    ///< (examples, c) or undefined
  const at::Tensor& gradient() const { return gradient_; }  ///< [P]
  /// sum += H v. Needs `differentiable`.
  void hessian_times(const at::Tensor& v, const at::Tensor& sum) const;

 private:
  const std::vector<nn::ParameterInfo>& layout_;
  nn::ParameterTensors leaves_;
  nn::ParameterTensors
      parts_;  // of the gradient that have a graph; the others are constant in the weights
  std::vector<std::size_t> part_index_;
  at::Tensor loss_, outputs_, gradient_;
};

}  // namespace thalweg::objective
