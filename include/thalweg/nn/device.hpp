#pragma once

#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/base/ndarray.hpp"

namespace thalweg::nn {

/// Sets the threads of ATen and of the BLAS. Debian's libtorch starts ATen with one thread and
/// OpenBLAS with all, so both are set, always. Call before the first tensor operation.
void use_threads(int threads);

/// "cpu", "cuda", "cuda:1" and "float32", "float64" as tensor options.
/// @throws InvalidArgument  unknown name, or a CUDA device this libtorch or machine does not have
at::TensorOptions tensor_options(std::string_view device, std::string_view dtype);

/// Between host arrays and tensors; both copy.
at::Tensor to_tensor(const NdArray& array);
NdArray to_ndarray(const at::Tensor& tensor);
/// All elements, row-major, as doubles.
std::vector<double> to_values(const at::Tensor& tensor);

}  // namespace thalweg::nn
