#pragma once

#include <vector>

namespace at {
class Tensor;
}

namespace thalweg::dynamics {

std::vector<double> to_values(const at::Tensor& tensor);    ///< all elements, row-major, as doubles
double norm2(const at::Tensor& v);                          ///< |v|^2, summed in double
double distance(const at::Tensor& a, const at::Tensor& b);  ///< |a - b|, in double

}  // namespace thalweg::dynamics
