#pragma once

namespace at {
class Tensor;
}

namespace thalweg::dynamics {

double norm2(const at::Tensor& v);                          ///< |v|^2, summed in double
double distance(const at::Tensor& a, const at::Tensor& b);  ///< |a - b|, in double

}  // namespace thalweg::dynamics
