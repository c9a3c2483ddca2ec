#include "thalweg/nn/device.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::nn {
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return at::kBool;
    case DType::kInt8:
      return at::kChar;
    case DType::kUInt8:
      return at::kByte;
    case DType::kInt16:
      return at::kShort;
    case DType::kInt32:
      return at::kInt;
    case DType::kInt64:
      return at::kLong;
    case DType::kFloat32:
      return at::kFloat;
    case DType::kFloat64:
      return at::kDouble;
  }
  throw InternalError("nn::to_tensor", "a dtype without a tensor type.");
}

DType dtype_from(at::ScalarType type) {
  for (const DType dtype : {DType::kBool,
                            DType::kInt8,
                            DType::kUInt8,
                            DType::kInt16,
                            DType::kInt32,
                            DType::kInt64,
                            DType::kFloat32,
                            DType::kFloat64}) {
    if (scalar_type(dtype) == type) return dtype;
  }
  throw InvalidArgument("nn::to_ndarray",
                        fmt::format("no host array for tensors of type {}.", at::toString(type)));
}

at::Device parse_device(std::string_view name) {
  if (name == "cpu") return at::kCPU;
  if (name == "cuda" || name.starts_with("cuda:")) {
    const std::int64_t index = name == "cuda" ? 0 : parse_int(name.substr(5), "--device");
    if (!at::hasCUDA()) {
      throw InvalidArgument(
          "--device",
          fmt::format("'{}' needs a libtorch with CUDA and an NVIDIA device; this one has none. "
                      "Use --device cpu.",
                      name));
    }
    return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
  }
  throw InvalidArgument("--device",
                        fmt::format("'{}' is not a device; use cpu, cuda or cuda:INDEX.", name));
}

}  // namespace

void use_threads(int threads) {
  at::set_num_threads(threads);
  set_blas_threads(threads);
}

at::TensorOptions tensor_options(std::string_view device, std::string_view dtype) {
  if (dtype != "float32" && dtype != "float64") {
    throw InvalidArgument("--dtype", fmt::format("'{}' is not float32 or float64.", dtype));
  }
  const at::Device where = parse_device(device);
  // TensorFloat-32 keeps ten bits of mantissa: far too few for second differences.
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  return at::TensorOptions().device(where).dtype(dtype == "float32" ? at::kFloat : at::kDouble);
}

at::Tensor to_tensor(const NdArray& array) {
  at::Tensor tensor = at::empty(array.shape(), scalar_type(array.dtype()));
  std::memcpy(tensor.data_ptr(), array.bytes().data(), array.bytes().size());
  return tensor;
}

NdArray to_ndarray(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  NdArray array(dtype_from(host.scalar_type()), host.sizes().vec());
  std::memcpy(array.bytes().data(), host.data_ptr(), array.bytes().size());
  return array;
}

std::vector<double> to_values(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kDouble).to(at::kCPU).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

}  // namespace thalweg::nn
