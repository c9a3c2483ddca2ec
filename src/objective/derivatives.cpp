#include "derivatives.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace thalweg::objective {
namespace {

using torch::autograd::grad;

nn::ParameterTensors leaves_of(const at::Tensor& weights,
                               const std::vector<nn::ParameterInfo>& layout) {
  nn::ParameterTensors leaves = nn::split_parameters(weights.detach(), layout);
  for (at::Tensor& leaf : leaves) leaf = leaf.detach().requires_grad_();
  return leaves;
}

}  // namespace

Derivatives::Derivatives(const BatchLoss& loss,
                         const at::Tensor& weights,
                         std::int64_t first,
                         std::int64_t last,
                         bool differentiable)
    : layout_(loss.layout()), leaves_(leaves_of(weights, layout_)) {
  const at::AutoGradMode enable(true);
  const PartialLoss partial = loss.evaluate(leaves_, first, last);
  loss_ = partial.loss.detach();
  if (partial.outputs.defined()) outputs_ = partial.outputs.detach();
  const nn::ParameterTensors parts = grad({partial.loss},
                                          leaves_,
                                          {},
                                          /*retain_graph=*/differentiable,
                                          differentiable,
                                          /*allow_unused=*/true);
  gradient_ = at::zeros_like(weights);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].defined()) continue;
    gradient_.narrow(0, layout_[i].offset, layout_[i].numel())
        .copy_(parts[i].detach().reshape({-1}));
    if (!parts[i].requires_grad()) continue;
    parts_.push_back(parts[i]);
    part_index_.push_back(i);
  }
}

void Derivatives::hessian_times(const at::Tensor& v, const at::Tensor& sum) const {
  if (parts_.empty()) return;  // a loss that is linear in the weights
  const nn::ParameterTensors all = nn::split_parameters(v, layout_);
  nn::ParameterTensors directions;
  for (const std::size_t i : part_index_) directions.push_back(all[i]);
  const nn::ParameterTensors products = grad(parts_,
                                             leaves_,
                                             directions,
                                             /*retain_graph=*/true,
                                             /*create_graph=*/false,
                                             /*allow_unused=*/true);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!products[i].defined()) continue;
    sum.narrow(0, layout_[i].offset, layout_[i].numel()).add_(products[i].reshape({-1}));
  }
}

}  // namespace thalweg::objective
