#include "thalweg/objective/batch_loss.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::objective {
namespace {

at::ScalarType type_of(const at::TensorOptions& options) {
  return c10::typeMetaToScalarType(options.dtype());
}

/// +-1 for two classes on one output: class 1 is +1.
at::Tensor signs(const at::Tensor& labels, at::ScalarType type) { return labels.to(type) * 2 - 1; }

class NetworkLoss final : public BatchLoss {
 public:
  NetworkLoss(std::shared_ptr<const nn::Network> network,
              const data::Dataset& data,
              LossKind kind,
              at::TensorOptions options,
              bool split)
      : network_(std::move(network)),
        kind_(kind),
        split_(split),
        examples_(data.size()),
        counted_(data.size()) {
    inputs_ = nn::to_tensor(data.inputs);
    if (inputs_.is_floating_point()) inputs_ = inputs_.to(type_of(options));
    inputs_ = inputs_.to(options.device());
    set_targets(data, options);
  }

  const std::vector<nn::ParameterInfo>& layout() const override { return network_->parameters(); }
  std::int64_t examples() const override { return examples_; }
  std::int64_t smallest_range() const override { return split_ ? 1 : examples_; }

  PartialLoss evaluate(const nn::ParameterTensors& parameters,
                       std::int64_t first,
                       std::int64_t last) const override {
    if (!split_ && last - first < examples_) {
      throw InvalidArgument(
          "model", "this network mixes the examples of a batch: its loss cannot be split.");
    }
    const at::Tensor outputs = network_->forward(parameters, inputs_.slice(0, first, last));
    const at::Tensor targets = targets_.slice(0, first, last);
    const bool mse = kind_ == LossKind::kMse;
    const at::Tensor terms =
        mse ? squared_error(outputs, targets) : log_likelihood(outputs, targets);
    const double scale = (mse ? 0.5 : -1.0) / static_cast<double>(counted_);
    return {counted_sum(terms, first, last) * scale, outputs};
  }

  at::Tensor outputs(const nn::ParameterTensors& parameters, std::int64_t count) const override {
    const std::int64_t stride = examples_ / count;
    const auto chosen = [&](const at::Tensor& rows) {
      return rows.slice(0, 0, count * stride, stride);
    };
    return split_ ? network_->forward(parameters, chosen(inputs_))
                  : chosen(network_->forward(parameters, inputs_));
  }

 private:
  void set_targets(const data::Dataset& data, const at::TensorOptions& options) {
    const std::int64_t outputs = probe_outputs(data, options);
    if (!data.has_labels()) {
      if (kind_ == LossKind::kCrossEntropy) {
        throw InvalidArgument(
            "--loss",
            "cross-entropy needs integer labels; this data has real targets. Use --loss mse.");
      }
      require_outputs(outputs, data.outputs());
      targets_ = nn::to_tensor(data.targets).to(type_of(options)).to(options.device());
      return;
    }
    const at::Tensor labels = nn::to_tensor(data.labels);
    single_output_ = outputs == 1 && data.classes == 2;
    if (!single_output_) require_outputs(outputs, data.classes);
    const at::Tensor classes = labels.clamp_min(0);  // what does not count is masked
    if (single_output_) {
      targets_ = signs(classes, type_of(options)).unsqueeze(-1);
    } else if (kind_ == LossKind::kMse) {
      targets_ = at::one_hot(classes, data.classes).to(type_of(options));
    } else {
      targets_ = classes.unsqueeze(-1);
    }
    targets_ = targets_.to(options.device());
    set_mask(labels.ge(0), options);
  }

  void set_mask(const at::Tensor& counts, const at::TensorOptions& options) {
    counted_ = counts.sum().item<std::int64_t>();
    if (counted_ == 0) {
      throw InvalidArgument("model",
                            "every label is -1, so that no position counts. Keep other examples.");
    }
    if (counted_ < counts.numel())
      mask_ = counts.unsqueeze(-1).to(type_of(options)).to(options.device());
  }

  /// The number of outputs, after a look at their shape on `few` examples: (few, c), or (few, T, c)
  /// for sequences. Models that squeeze() change their rank for a single one.
  std::int64_t probe_outputs(const data::Dataset& data, const at::TensorOptions& options) const {
    const at::NoGradGuard no_grad;
    const std::int64_t few = split_ ? std::min<std::int64_t>(examples_, 2) : examples_;
    const at::Tensor weights =
        network_->initial_weights(Key{}).to(options.device()).to(type_of(options));
    const at::Tensor outputs = network_->forward(weights, inputs_.slice(0, 0, few));
    std::vector<std::int64_t> wanted = {few};
    if (data.has_sequences()) wanted.push_back(data.labels.shape()[1]);
    const std::vector<std::int64_t> got = outputs.sizes().vec();
    if (got.empty() || std::vector(got.begin(), got.end() - 1) != wanted) {
      const std::string form = data.has_sequences()
                                   ? fmt::format("({}, {}, outputs)", few, wanted[1])
                                   : fmt::format("({}, outputs)", few);
      throw InvalidArgument(
          "model",
          fmt::format("for {} examples the network must return {}; it returned {}. {}",
                      few,
                      form,
                      shape_text(got),
                      data.has_sequences()
                          ? "Labels at each position of a sequence need outputs at each."
                          : "Outputs at each position need labels at each, y of the shape of x."));
    }
    return got.back();
  }

  static void require_outputs(std::int64_t got, std::int64_t wanted) {
    if (got == wanted) return;
    throw InvalidArgument(
        "model",
        fmt::format("the network has {} outputs, the data need {}. Change the model's last layer, "
                    "or the data (--classes).",
                    got,
                    wanted));
  }

  /// The sum over what counts of the examples from `first` on.
  at::Tensor counted_sum(const at::Tensor& terms, std::int64_t first, std::int64_t last) const {
    return mask_.defined() ? (terms * mask_.slice(0, first, last)).sum() : terms.sum();
  }

  at::Tensor squared_error(const at::Tensor& outputs, const at::Tensor& targets) const {
    return (outputs - targets).square();
  }

  at::Tensor log_likelihood(const at::Tensor& outputs, const at::Tensor& targets) const {
    if (single_output_) return at::log_sigmoid(targets * outputs);
    return at::log_softmax(outputs, -1).gather(-1, targets);
  }

  std::shared_ptr<const nn::Network> network_;
  LossKind kind_;
  bool split_;
  std::int64_t examples_;
  bool single_output_ = false;
  std::int64_t counted_;  // examples, or positions with a label
  at::Tensor inputs_;     // (n, ...)
  // (n, c) real; for cross-entropy (n, 1) int64, or +-1 for a single output. For sequences (n, T,
  // c) and (n, T, 1).
  at::Tensor targets_;
  at::Tensor mask_;  // (n, T, 1), ones where a position counts; undefined: all do
};

class FunctionLoss final : public BatchLoss {
 public:
  FunctionLoss(std::int64_t dimension, std::function<at::Tensor(const at::Tensor&)> function)
      : layout_{{.name = "weights", .shape = {dimension}}}, function_(std::move(function)) {}

  const std::vector<nn::ParameterInfo>& layout() const override { return layout_; }
  std::int64_t examples() const override { return 1; }
  PartialLoss evaluate(const nn::ParameterTensors& parameters,
                       std::int64_t,
                       std::int64_t) const override {
    return {function_(parameters[0]), {}};
  }
  at::Tensor outputs(const nn::ParameterTensors&, std::int64_t) const override { return {}; }

 private:
  std::vector<nn::ParameterInfo> layout_;
  std::function<at::Tensor(const at::Tensor&)> function_;
};

}  // namespace

std::int64_t BatchLoss::dimension() const {
  return layout().back().offset + layout().back().numel();
}

LossKind loss_kind_named(std::string_view name) {
  if (name == "mse") return LossKind::kMse;
  if (name == "cross-entropy") return LossKind::kCrossEntropy;
  throw InvalidArgument("--loss",
                        fmt::format("'{}' is not a loss; use mse or cross-entropy.", name));
}

std::unique_ptr<BatchLoss> network_loss(std::shared_ptr<const nn::Network> network,
                                        const data::Dataset& data,
                                        LossKind kind,
                                        at::TensorOptions options,
                                        bool split) {
  return std::make_unique<NetworkLoss>(std::move(network), data, kind, options, split);
}

std::unique_ptr<BatchLoss> function_loss(std::int64_t dimension,
                                         std::function<at::Tensor(const at::Tensor&)> function) {
  return std::make_unique<FunctionLoss>(dimension, std::move(function));
}

}  // namespace thalweg::objective
