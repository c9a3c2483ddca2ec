#pragma once

#include <cstdint>
#include <memory>

#include "thalweg/objective/batch_loss.hpp"
#include "thalweg/objective/objective.hpp"

namespace thalweg::objective {

struct AutogradOptions {
  /// examples a micro-batch; 0: all at once
  std::int64_t micro_batch = 0;
};

/// Any differentiable loss through libtorch's autograd.
///
/// A gradient is one backward pass. Hessian products differentiate the gradient's graph, built once
/// a point; with micro-batches each block call walks them, one graph each for all its columns.
/// Third derivatives are second differences of gradients: libtorch's own triple backward is
/// silently wrong for fused operators (layer_norm in 1.13).
class AutogradObjective final : public Objective {
 public:
  AutogradObjective(std::shared_ptr<const BatchLoss> loss,
                    at::TensorOptions options,
                    const AutogradOptions& autograd = {});

  std::int64_t dimension() const override { return loss_->dimension(); }
  std::unique_ptr<Linearization> at(const at::Tensor& weights) override;
  at::TensorOptions options() const override { return options_; }

  WorkCounters work() const override { return *work_; }

 private:
  std::shared_ptr<const BatchLoss> loss_;
  at::TensorOptions options_;
  std::int64_t micro_batch_;
  std::shared_ptr<WorkCounters> work_ = std::make_shared<WorkCounters>();
};

}  // namespace thalweg::objective
