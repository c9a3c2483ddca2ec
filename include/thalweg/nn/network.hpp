#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/base/random.hpp"

namespace thalweg::nn {

/// One named parameter tensor inside the flat weight vector: elements [offset, offset + numel),
/// row-major.
struct ParameterInfo {
  std::string name;  ///< "layers.0.weight"
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;
  std::int64_t numel() const;
};

/// The parameters of a network as tensors, in the order of its layout.
using ParameterTensors = std::vector<at::Tensor>;

/// Views of the flat weight vector [P], one for each parameter.
ParameterTensors split_parameters(const at::Tensor& weights,
                                  const std::vector<ParameterInfo>& layout);

/// An architecture as a function of one flat weight vector.
class Network {
 public:
  virtual ~Network() = default;

  /// The layout of the weight vector, in order, without gaps.
  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  std::int64_t dimension() const;  ///< P, the length of the weight vector

  /// Initial weights [P], float64 on the CPU: a pure function of the key (or the values in the
  /// user's file).
  virtual at::Tensor initial_weights(Key key) const = 0;

  /// f(w, x): the parameter tensors in the order and shapes of parameters(), inputs (n, ...) of the
  /// same dtype (or integer tokens) and device -> outputs (n, c), or (n, T, c) from token sequences
  /// (n, T). Differentiable in the parameters. Deterministic.
  virtual at::Tensor forward(const ParameterTensors& parameters,
                             const at::Tensor& inputs) const = 0;
  /// The same from the flat weight vector [P].
  at::Tensor forward(const at::Tensor& weights, const at::Tensor& inputs) const {
    return forward(split_parameters(weights, parameters_), inputs);
  }

  /// One line for reports: "MLP 784-128-128-10, GELU".
  virtual std::string description() const = 0;

 protected:
  /// Appends a parameter to the layout and returns its index.
  std::size_t add_parameter(std::string name, std::vector<std::int64_t> shape);

 private:
  std::vector<ParameterInfo> parameters_;
};

}  // namespace thalweg::nn
