#include "norms.hpp"

#include <ATen/ATen.h>

namespace thalweg::dynamics {

double norm2(const at::Tensor& v) {
  const at::Tensor wide = v.detach().to(at::kDouble);
  return at::dot(wide, wide).item<double>();
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).norm().item<double>();
}

}  // namespace thalweg::dynamics
