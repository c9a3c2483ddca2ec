#include "thalweg/nn/torchscript.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

#include "nn/torchscript_archive.hpp"
#include "nn/torchscript_errors.hpp"
#include "nn/torchscript_operators.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/ndarray.hpp"

namespace thalweg::nn {
namespace {

using ObjectPtr = c10::intrusive_ptr<c10::ivalue::Object>;

/// A place in a (sub)module that holds a tensor: an attribute, or an element of a list of tensors
/// (nn.LSTM and its kin pass their parameters on in such a list).
struct Slot {
  ObjectPtr owner;
  std::size_t attribute = 0;
  std::optional<std::size_t> element;

  at::Tensor get() const {
    const c10::IValue& value = owner->getSlot(attribute);
    return element ? value.toTensorList().get(*element) : value.toTensor();
  }
  void set(const at::Tensor& tensor) const {
    if (element) {
      owner->getSlot(attribute).toTensorList().set(*element, tensor);
    } else {
      owner->setSlot(attribute, tensor);
    }
  }
};

/// A tensor found in the module.
struct Found {
  Slot slot;
  std::string name;
  bool is_parameter = false;
};

/// A weight tensor and every slot it is tied to.
struct Parameter {
  at::Tensor original;
  std::vector<Slot> slots;
};

/// Half of the weights of a model must not be left out without a word.
void require_real(const Found& found, const at::Tensor& tensor, const std::string& file) {
  if (tensor.is_complex()) {
    throw BadInput(file,
                   fmt::format("the parameter '{}' is complex, which is not supported. Hold it as "
                               "real numbers, torch.view_as_real(parameter), and use "
                               "torch.view_as_complex in forward.",
                               found.name));
  }
  if (tensor.layout() != at::kStrided) {
    throw BadInput(file,
                   fmt::format("the parameter '{}' is not a dense tensor, which is not supported. "
                               "Hold parameter.to_dense() instead.",
                               found.name));
  }
}

torch::jit::Module load_module(const std::filesystem::path& file) {
  check_torchscript_archive(file);
  provide_operators();
  // Standard output belongs to --json.
  torch::jit::setPrintHandler([](const std::string& text) { log_info(text); });
  std::string failure;
  for (std::string stub;;) {
    try {
      return torch::jit::load(file.string(), at::kCPU);
    } catch (const std::exception& error) {
      if (is_out_of_memory(error.what()))
        throw RunFailed(file.string(), "does not fit into memory.");
      const std::string unknown = unknown_operator(error.what());
      // Where the stub of one does not do, what is wrong is that it is unknown.
      if (failure.empty() || !unknown.empty()) failure = load_failure(error.what());
      if (!unknown.starts_with("aten::") || unknown == stub) throw BadInput(file.string(), failure);
      stub = unknown;
    }
    provide_stub(stub);
  }
}

}  // namespace

class TorchScriptModule::Impl {
 public:
  Impl(const std::filesystem::path& file, const TorchScriptOptions& options)
      : file_(file), module_(load_module(file)) {
    if (!module_.find_method("forward")) {
      throw BadInput(file.string(), "has no method forward. Export a model that defines one.");
    }
    std::vector<Found> found;
    std::unordered_set<const c10::ivalue::Object*> visited;
    collect(module_._ivalue(), "", visited, found);
    for (const Found& tensor : found) add_if_parameter(tensor);
    for (const Found& tensor : found) tie_or_keep(tensor);
    require_parameters();
    module_.train(options.train_mode);
  }

  const std::filesystem::path& file() const { return file_; }
  const std::vector<ParameterInfo>& layout() const { return layout_; }

  const std::map<std::string, std::string>& ties() const { return ties_; }
  const std::vector<StateInfo>& state() const { return state_layout_; }

  void set_state(const std::string& name, const at::Tensor& tensor) {
    for (std::size_t i = 0; i < state_layout_.size(); ++i) {
      if (state_layout_[i].name != name || tensor.sizes() != state_layout_[i].shape) continue;
      const at::Tensor before = state_slots_[i].get();
      const bool real = before.is_floating_point();  // takes the weights' dtype when it is used
      state_slots_[i].set(
          tensor.detach().to(before.device(), real ? at::kDouble : before.scalar_type()));
      return;
    }
    throw InvalidArgument("TorchScriptModule::set_state",
                          fmt::format("{} holds no state '{}' of shape {}.",
                                      file_.string(),
                                      name,
                                      shape_text(tensor.sizes().vec())));
  }

  at::Tensor initial_weights() const {
    std::vector<at::Tensor> flat;
    for (const Parameter& parameter : parameters_) {
      flat.push_back(parameter.original.detach().to(at::kCPU, at::kDouble).reshape({-1}));
    }
    return at::cat(flat);
  }

  void require_arguments(std::size_t count) const {
    const c10::FunctionSchema& schema = module_.get_method("forward").function().getSchema();
    const std::size_t most = schema.arguments().size() - 1;  // self is the first
    const std::size_t least =
        most - static_cast<std::size_t>(std::count_if(schema.arguments().begin(),
                                                      schema.arguments().end(),
                                                      [](const c10::Argument& argument) {
                                                        return argument.default_value().has_value();
                                                      }));
    if (count >= least && count <= most) return;
    throw BadInput(file_.string(),
                   fmt::format("forward must be callable with {} tensor{}; it takes {}. Export a "
                               "wrapper whose forward does.",
                               count,
                               count == 1 ? "" : "s",
                               least == most ? fmt::format("{}", most)
                                             : fmt::format("{} to {}", least, most)));
  }

  at::Tensor call(const std::vector<at::Tensor>& tensors,
                  const std::vector<at::Tensor>& arguments) {
    move_state(tensors.front().options());
    const Placed placed(*this, tensors);
    const std::vector<c10::IValue> inputs(arguments.begin(), arguments.end());
    try {
      const torch::jit::GraphOptimizerEnabledGuard plain_operators(false);
      return only_tensor(module_.forward(inputs));
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      if (is_out_of_memory(error.what())) {
        throw RunFailed(file_.string(),
                        fmt::format("forward ran out of memory: {}. Use fewer examples.",
                                    innermost_failure(error.what())));
      }
      throw BadInput(file_.string(),
                     forward_failure(error.what(), dtype_text(tensors.front().scalar_type())));
    }
  }

 private:
  /// The given tensors in the module's slots; the file's own again when it ends, so that no graph
  /// outlives its caller.
  class Placed {
   public:
    Placed(const Impl& impl, const std::vector<at::Tensor>& tensors) : impl_(impl) {
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        for (const Slot& slot : impl.parameters_[i].slots) slot.set(tensors[i]);
      }
    }
    ~Placed() {
      for (const Parameter& parameter : impl_.parameters_) {
        for (const Slot& slot : parameter.slots) slot.set(parameter.original);
      }
    }
    Placed(const Placed&) = delete;
    Placed& operator=(const Placed&) = delete;

   private:
    const Impl& impl_;
  };

  /// Walks the slots in the order of named_parameters. An object met again brings nothing new; in a
  /// hostile file it may even contain itself.
  static void collect(const ObjectPtr& object,
                      const std::string& prefix,
                      std::unordered_set<const c10::ivalue::Object*>& visited,
                      std::vector<Found>& found) {
    if (!visited.insert(object.get()).second) return;
    const c10::ClassTypePtr type = object->type();
    for (std::size_t i = 0; i < type->numAttributes() && i < object->slots().size(); ++i) {
      const c10::IValue& value = object->getSlot(i);
      const std::string name = prefix + type->getAttributeName(i);
      if (value.isObject() && type->getAttribute(i)->is_module()) {
        collect(value.toObject(), name + ".", visited, found);
      } else if (value.isTensor() && value.toTensor().defined()) {
        found.push_back({{object, i, std::nullopt}, name, type->is_parameter(i)});
      } else if (value.isTensorList()) {
        for (std::size_t j = 0; j < value.toTensorList().size(); ++j) {
          found.push_back({{object, i, j}, name, false});
        }
      }
    }
  }

  void add_if_parameter(const Found& found) {
    const at::Tensor tensor = found.slot.get();
    if (!found.is_parameter || !tensor.requires_grad() || find_parameter(tensor)) return;
    require_real(found, tensor, file_.string());
    const std::int64_t offset =
        layout_.empty() ? 0 : layout_.back().offset + layout_.back().numel();
    layout_.push_back({found.name, tensor.sizes().vec(), offset});
    parameters_.push_back({tensor, {}});
  }

  /// Ties a tensor to its parameter, under whatever name it is held; else it is state.
  void tie_or_keep(const Found& found) {
    if (const auto index = find_parameter(found.slot.get())) {
      parameters_[*index].slots.push_back(found.slot);
      if (found.name != layout_[*index].name) ties_.emplace(found.name, layout_[*index].name);
      return;
    }
    state_.push_back(found.slot);
    if (found.slot.element) return;
    state_layout_.push_back({found.name, found.slot.get().sizes().vec(), found.is_parameter});
    state_slots_.push_back(found.slot);
  }

  std::optional<std::size_t> find_parameter(const at::Tensor& tensor) const {
    const auto same =
        std::find_if(parameters_.begin(), parameters_.end(), [&tensor](const Parameter& known) {
          return known.original.is_same(tensor);
        });
    if (same == parameters_.end()) return {};
    return static_cast<std::size_t>(same - parameters_.begin());
  }

  void require_parameters() const {
    if (!layout_.empty() && layout_.back().offset + layout_.back().numel() > 0) return;
    throw BadInput(file_.string(),
                   "has no parameters to train: a frozen model keeps its weights as constants. "
                   "Export it without torch.jit.freeze and torch.jit.optimize_for_inference, and "
                   "with requires_grad on.");
  }

  /// Buffers and other tensors the module holds, to the weights' device; floating ones to their
  /// dtype.
  void move_state(const at::TensorOptions& weights) {
    for (const Slot& slot : state_) {
      const at::Tensor tensor = slot.get();
      const at::ScalarType dtype = tensor.is_floating_point()
                                       ? c10::typeMetaToScalarType(weights.dtype())
                                       : tensor.scalar_type();
      slot.set(tensor.detach().to(weights.device(), dtype));
    }
  }

  at::Tensor only_tensor(const c10::IValue& result) const {
    if (result.isTensor() && result.toTensor().defined()) return result.toTensor();
    throw BadInput(file_.string(),
                   fmt::format("forward must return one tensor; it returned a {}. Export a wrapper "
                               "that picks the tensor.",
                               result.tagKind()));
  }

  std::filesystem::path file_;
  torch::jit::Module module_;
  std::vector<ParameterInfo> layout_;
  std::vector<Parameter> parameters_;
  std::map<std::string, std::string> ties_;
  std::vector<Slot> state_;              // what follows the weights' dtype and device
  std::vector<StateInfo> state_layout_;  // of what has a name of its own
  std::vector<Slot> state_slots_;        // in the order of state_layout_
};

TorchScriptModule::TorchScriptModule(const std::filesystem::path& file,
                                     const TorchScriptOptions& options)
    : impl_(std::make_unique<Impl>(file, options)) {}
TorchScriptModule::~TorchScriptModule() = default;
TorchScriptModule::TorchScriptModule(TorchScriptModule&&) noexcept = default;
TorchScriptModule& TorchScriptModule::operator=(TorchScriptModule&&) noexcept = default;

const std::filesystem::path& TorchScriptModule::file() const { return impl_->file(); }

const std::vector<ParameterInfo>& TorchScriptModule::parameters() const { return impl_->layout(); }

std::int64_t TorchScriptModule::dimension() const {
  return parameters().back().offset + parameters().back().numel();
}

at::Tensor TorchScriptModule::initial_weights() const { return impl_->initial_weights(); }

const std::map<std::string, std::string>& TorchScriptModule::ties() const { return impl_->ties(); }

const std::vector<StateInfo>& TorchScriptModule::state() const { return impl_->state(); }

void TorchScriptModule::set_state(const std::string& name, const at::Tensor& tensor) {
  impl_->set_state(name, tensor);
}

void TorchScriptModule::require_arguments(std::size_t count) const {
  impl_->require_arguments(count);
}

at::Tensor TorchScriptModule::call(const at::Tensor& weights,
                                   const std::vector<at::Tensor>& arguments) const {
  return call_with(split_parameters(weights, parameters()), arguments);
}

at::Tensor TorchScriptModule::call_with(const std::vector<at::Tensor>& parameters,
                                        const std::vector<at::Tensor>& arguments) const {
  return impl_->call(parameters, arguments);
}

TorchScriptNetwork::TorchScriptNetwork(TorchScriptModule module) : module_(std::move(module)) {
  module_.require_arguments(1);
  for (const ParameterInfo& info : module_.parameters()) add_parameter(info.name, info.shape);
}

at::Tensor TorchScriptNetwork::initial_weights(Key /*key*/) const {
  return module_.initial_weights();
}

at::Tensor TorchScriptNetwork::forward(const ParameterTensors& parameters,
                                       const at::Tensor& inputs) const {
  const at::Tensor outputs = module_.call_with(parameters, {inputs});
  // A model that ends in squeeze() drops the axis of a single output, or of a single example.
  const bool single = inputs.size(0) == 1;
  if (outputs.dim() == 0 && single) return outputs.reshape({1, 1});
  if (outputs.dim() == 1) return single ? outputs.unsqueeze(0) : outputs.unsqueeze(1);
  if (outputs.dim() == 2) return outputs;
  throw BadInput(module_.file().string(),
                 fmt::format("forward must return outputs (n, c); for inputs {} it returned {}.",
                             shape_text(inputs.sizes().vec()),
                             shape_text(outputs.sizes().vec())));
}

std::string TorchScriptNetwork::description() const {
  return fmt::format(
      "TorchScript {}, {} parameters", module_.file().filename().string(), dimension());
}

}  // namespace thalweg::nn
