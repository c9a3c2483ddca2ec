#include "thalweg/base/ndarray.hpp"

#include <cstring>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 48;

// Number of elements. An extent of zero does not excuse the others: the product of the rest must
// fit too, so that the size of one row never overflows.
std::int64_t checked_size(std::span<const std::int64_t> shape, std::size_t bytes_per_item) {
  std::int64_t nonzero_product = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) {
      throw InvalidArgument("NdArray",
                            "extents must not be negative; got " + shape_text(shape) + ".");
    }
    if (extent == 0) {
      empty = true;
    } else if (extent > kMaxBytes / static_cast<std::int64_t>(bytes_per_item) / nonzero_product) {
      throw InvalidArgument("NdArray",
                            "at most 2^48 bytes fit in an array; got " + shape_text(shape) + ".");
    } else {
      nonzero_product *= extent;
    }
  }
  return empty ? 0 : nonzero_product;
}

// Calls `visit` with a value of the C++ type that `dtype` stands for.
template <typename Visitor>
void visit_dtype(DType dtype, Visitor visit) {
  switch (dtype) {
    case DType::kBool:
      return visit(bool{});
    case DType::kInt8:
      return visit(std::int8_t{});
    case DType::kUInt8:
      return visit(std::uint8_t{});
    case DType::kInt16:
      return visit(std::int16_t{});
    case DType::kInt32:
      return visit(std::int32_t{});
    case DType::kInt64:
      return visit(std::int64_t{});
    case DType::kFloat32:
      return visit(float{});
    case DType::kFloat64:
      return visit(double{});
  }
}

}  // namespace

std::size_t item_size(DType dtype) {
  std::size_t size = 0;
  visit_dtype(dtype, [&](auto value) { size = sizeof(value); });
  return size;
}

std::string dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "bool";
    case DType::kInt8:
      return "int8";
    case DType::kUInt8:
      return "uint8";
    case DType::kInt16:
      return "int16";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kFloat32:
      return "float32";
    case DType::kFloat64:
      return "float64";
  }
  throw InternalError("dtype_name", fmt::format("no such dtype: {}.", static_cast<int>(dtype)));
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

NdArray::NdArray(DType dtype, std::vector<std::int64_t> shape)
    : dtype_(dtype),
      shape_(std::move(shape)),
      size_(checked_size(shape_, item_size(dtype))),
      bytes_(static_cast<std::size_t>(size_) * item_size(dtype)) {}

NdArray NdArray::text(std::string_view s) {
  NdArray array(DType::kUInt8, {static_cast<std::int64_t>(s.size())});
  std::copy(s.begin(), s.end(), array.as<std::uint8_t>().begin());
  return array;
}

std::string NdArray::to_text() const {
  const auto characters = as<std::uint8_t>();
  return {characters.begin(), characters.end()};
}

NdArray NdArray::to(DType dtype) const {
  if (dtype == dtype_) {
    return *this;
  }
  NdArray result(dtype, shape_);
  visit_dtype(dtype_, [&](auto from) {
    visit_dtype(dtype, [&](auto to) {
      const auto source = as<decltype(from)>();
      std::transform(
          source.begin(), source.end(), result.as<decltype(to)>().begin(), [](auto value) {
            return static_cast<decltype(to)>(value);
          });
    });
  });
  return result;
}

NdArray NdArray::take(std::span<const std::int64_t> rows) const {
  if (rank() == 0) {
    throw InvalidArgument("NdArray::take", "the array has no axis to take rows from.");
  }
  std::vector<std::int64_t> shape = shape_;
  shape[0] = static_cast<std::int64_t>(rows.size());
  NdArray result(dtype_, std::move(shape));
  const std::size_t row_bytes = rows.empty() ? 0 : result.bytes_.size() / rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || rows[i] >= shape_[0]) {
      throw InvalidArgument("NdArray::take",
                            fmt::format("rows must lie in 0..{}; got {}.", shape_[0] - 1, rows[i]));
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(rows[i] * row_bytes),
                row_bytes,
                result.bytes_.begin() + static_cast<std::ptrdiff_t>(i * row_bytes));
  }
  return result;
}

void NdArray::require(DType wanted) const {
  if (wanted != dtype_) {
    throw InvalidArgument(
        "NdArray",
        fmt::format("the array of shape {} holds {}, not {}. Convert it with to().",
                    shape_text(shape_),
                    dtype_name(dtype_),
                    dtype_name(wanted)));
  }
}

void NdArray::require_size(std::size_t wanted) const {
  if (static_cast<std::size_t>(size_) != wanted) {
    throw InvalidArgument(
        "NdArray",
        fmt::format("shape {} has {} elements, not {}.", shape_text(shape_), size_, wanted));
  }
}

}  // namespace thalweg
