#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/nn/device.hpp"
#include "thalweg/objective/batch_loss.hpp"

namespace thalweg::objective {
namespace {

class ModuleLoss final : public BatchLoss {
 public:
  ModuleLoss(std::shared_ptr<const nn::TorchScriptModule> module,
             const data::Dataset* data,
             bool split,
             const at::TensorOptions& options)
      : module_(std::move(module)), split_(split && data != nullptr) {
    if (data == nullptr) return;
    const at::ScalarType type = c10::typeMetaToScalarType(options.dtype());
    const auto load = [&](const NdArray& array) {
      const at::Tensor tensor = nn::to_tensor(array);
      return (tensor.is_floating_point() ? tensor.to(type) : tensor).to(options.device());
    };
    arguments_ = {load(data->inputs), load(data->has_labels() ? data->labels : data->targets)};
  }

  const std::vector<nn::ParameterInfo>& layout() const override { return module_->parameters(); }
  std::int64_t examples() const override { return split_ ? arguments_[0].size(0) : 1; }
  at::Tensor outputs(const nn::ParameterTensors&, std::int64_t) const override { return {}; }

  PartialLoss evaluate(const nn::ParameterTensors& parameters,
                       std::int64_t first,
                       std::int64_t last) const override {
    if (!split_) return {scalar(module_->call_with(parameters, arguments_)), {}};
    const double share = static_cast<double>(last - first) / static_cast<double>(examples());
    const at::Tensor mean = module_->call_with(
        parameters, {arguments_[0].slice(0, first, last), arguments_[1].slice(0, first, last)});
    return {scalar(mean) * share, {}};
  }

 private:
  at::Tensor scalar(const at::Tensor& loss) const {
    if (loss.numel() == 1) return loss.reshape({});
    throw BadInput(
        module_->file().string(),
        fmt::format("with --loss model forward must return the loss, one number; it returned {}.",
                    shape_text(loss.sizes().vec())));
  }

  std::shared_ptr<const nn::TorchScriptModule> module_;
  bool split_;
  std::vector<at::Tensor> arguments_;  // x and y, or nothing
};

}  // namespace

std::unique_ptr<BatchLoss> module_loss(std::shared_ptr<const nn::TorchScriptModule> module,
                                       const data::Dataset* data,
                                       bool split,
                                       at::TensorOptions options) {
  return std::make_unique<ModuleLoss>(std::move(module), data, split, options);
}

}  // namespace thalweg::objective
