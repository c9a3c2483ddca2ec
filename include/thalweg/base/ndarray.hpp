#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

enum class DType { kBool, kInt8, kUInt8, kInt16, kInt32, kInt64, kFloat32, kFloat64 };

std::size_t item_size(DType dtype);
std::string dtype_name(DType dtype);  ///< "float32", as NumPy spells it

template <typename T>
constexpr DType dtype_of();

/// A dense array on the host, row-major, owning its memory: what readers return and checkpoints
/// hold.
class NdArray {
 public:
  NdArray() = default;  ///< no elements, shape (0)
  /// Zeros. @throws InvalidArgument on a negative extent or more than 2^48 bytes.
  NdArray(DType dtype, std::vector<std::int64_t> shape);
  template <typename T>
  static NdArray of(std::span<const T> values, std::vector<std::int64_t> shape);
  template <typename T>
  static NdArray scalar(T value);           ///< shape ()
  static NdArray text(std::string_view s);  ///< its UTF-8 bytes, uint8 of shape (n)

  DType dtype() const { return dtype_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::int64_t size() const { return size_; }
  std::int64_t rank() const { return static_cast<std::int64_t>(shape_.size()); }

  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// The elements. @throws InvalidArgument if T is not the array's dtype.
  template <typename T>
  std::span<T> as();
  template <typename T>
  std::span<const T> as() const;
  template <typename T>
  T item() const;               ///< of an array with one element
  std::string to_text() const;  ///< inverse of text()

  /// A copy with every element converted (a plain static_cast; to bool: != 0).
  NdArray to(DType dtype) const;
  /// A copy of rows `rows[0], rows[1], ...` along the first axis.
  NdArray take(std::span<const std::int64_t> rows) const;

  friend bool operator==(const NdArray&, const NdArray&) = default;  ///< bit for bit

 private:
  void require(DType wanted) const;
  void require_size(std::size_t wanted) const;

  DType dtype_ = DType::kFloat64;
  std::vector<std::int64_t> shape_ = {0};
  std::int64_t size_ = 0;
  std::vector<std::byte> bytes_;
};

std::string shape_text(std::span<const std::int64_t> shape);  ///< "(3, 28, 28)"

// ---------------------------------------------------------------------------------------------------

template <>
constexpr DType dtype_of<bool>() {
  return DType::kBool;
}
template <>
constexpr DType dtype_of<std::int8_t>() {
  return DType::kInt8;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::kUInt8;
}
template <>
constexpr DType dtype_of<std::int16_t>() {
  return DType::kInt16;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::kInt32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kFloat64;
}

template <typename T>
std::span<T> NdArray::as() {
  require(dtype_of<T>());
  return {reinterpret_cast<T*>(bytes_.data()), static_cast<std::size_t>(size_)};
}

template <typename T>
std::span<const T> NdArray::as() const {
  require(dtype_of<T>());
  return {reinterpret_cast<const T*>(bytes_.data()), static_cast<std::size_t>(size_)};
}

template <typename T>
NdArray NdArray::of(std::span<const T> values, std::vector<std::int64_t> shape) {
  NdArray array(dtype_of<T>(), std::move(shape));
  array.require_size(values.size());
  std::copy(values.begin(), values.end(), array.as<T>().begin());
  return array;
}

template <typename T>
NdArray NdArray::scalar(T value) {
  return of<T>(std::span<const T>(&value, 1), {});
}

template <typename T>
T NdArray::item() const {
  require_size(1);
  return as<T>()[0];
}

}  // namespace thalweg
