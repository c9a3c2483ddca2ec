#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/nn/network.hpp"

namespace thalweg::nn {

struct TorchScriptOptions {
  /// evaluate as while training: batch-norm uses the statistics of the batch, dropout drops
  bool train_mode = false;
};

/// A tensor that a module holds beside its weights and that is not trained: a buffer such as the
/// statistics of a batch normalisation, or a frozen parameter.
struct StateInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  bool is_parameter = false;  ///< frozen
};

/// A model that the user exported with torch.jit.script or torch.jit.trace, as a function of one
/// flat weight vector.
///
/// The weights are the module's parameters (floating, with requires_grad) in the order of
/// named_parameters; a tensor used in several places counts once and stays tied. Everything else
/// the module holds (buffers, frozen parameters) is state: it follows the dtype and device of the
/// weights and is not differentiated. The JIT's optimiser is off while the module runs, so that
/// derivatives of every order are those of the plain operators, and results do not depend on how
/// often it ran. What the model prints goes to the log.
class TorchScriptModule {
 public:
  /// Checks the archive and loads it on the CPU. Loading runs what the file says: pass a file of
  /// unknown origin through check_torchscript first, which does so in a process of its own.
  /// @throws BadInput  unreadable or damaged file, no forward, no parameters, parameters that are
  ///                   complex or sparse, operators this libtorch lacks
  explicit TorchScriptModule(const std::filesystem::path& file,
                             const TorchScriptOptions& options = {});
  ~TorchScriptModule();
  TorchScriptModule(TorchScriptModule&&) noexcept;
  TorchScriptModule& operator=(TorchScriptModule&&) noexcept;

  const std::filesystem::path& file() const;
  const std::vector<ParameterInfo>& parameters() const;
  std::int64_t dimension() const;
  /// The weights in the file [P], float64 on the CPU.
  at::Tensor initial_weights() const;
  /// Further names of tied weights, with the name that parameters() has.
  const std::map<std::string, std::string>& ties() const;
  const std::vector<StateInfo>& state() const;
  /// Replaces a tensor of state(), which stays what it was: real, integer or bool.
  /// @throws InvalidArgument  no state of this name, or of another shape
  void set_state(const std::string& name, const at::Tensor& tensor);

  /// @throws BadInput  if forward cannot be called with `count` tensors
  void require_arguments(std::size_t count) const;

  /// What forward(arguments...) returns at these weights [P]; differentiable in them, to any order.
  /// Not to be called from two threads at once: the parameters are placed into the one module.
  /// @throws BadInput   forward failed (the operator's message), or did not return one tensor
  /// @throws RunFailed  out of memory
  at::Tensor call(const at::Tensor& weights, const std::vector<at::Tensor>& arguments) const;
  /// The same with one tensor a parameter, in the order and of the shapes of parameters().
  at::Tensor call_with(const std::vector<at::Tensor>& parameters,
                       const std::vector<at::Tensor>& arguments) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The module as a network: forward(x) -> (n, c); (n) counts as (n, 1).
class TorchScriptNetwork final : public Network {
 public:
  /// @throws BadInput  if forward does not take one tensor
  explicit TorchScriptNetwork(TorchScriptModule module);

  at::Tensor initial_weights(Key key) const override;  ///< the weights in the file, for every key
  /// @throws BadInput  as TorchScriptModule::call, or outputs that are not (n, c)
  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& inputs) const override;
  using Network::forward;
  std::string description() const override;

 private:
  TorchScriptModule module_;
};

}  // namespace thalweg::nn
