#pragma once

// Small data sets and tensors that are pure functions of a key.

#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include <ATen/ATen.h>

#include "thalweg/base/random.hpp"
#include "thalweg/data/dataset.hpp"

namespace thalweg::testing {

inline at::Tensor random_tensor(std::vector<std::int64_t> shape, Key key) {
  const at::Tensor tensor = at::empty(shape, at::kDouble);
  fill_normal(
      std::span<double>(tensor.data_ptr<double>(), static_cast<std::size_t>(tensor.numel())), key);
  return tensor;
}

inline double relative_error(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

/// Gaussian inputs of the given shape; labels 0, 1, ..., classes-1, 0, 1, ...
inline data::Dataset labelled_data(std::int64_t n,
                                   std::vector<std::int64_t> shape,
                                   std::int64_t classes) {
  shape.insert(shape.begin(), n);
  data::Dataset data{
      .name = "small", .inputs = NdArray(DType::kFloat64, shape), .classes = classes};
  fill_normal(data.inputs.as<double>(), Key{11});
  std::vector<std::int64_t> labels(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) labels[static_cast<std::size_t>(i)] = i % classes;
  data.labels = NdArray::of<std::int64_t>(labels, {n});
  data.rows.resize(static_cast<std::size_t>(n));
  std::iota(data.rows.begin(), data.rows.end(), 0);
  return data;
}

/// Random tokens (n, length) and random labels; of each sequence the first label does not count,
/// and the last neither in every second one.
inline data::Dataset sequence_data(std::int64_t n, std::int64_t length, std::int64_t vocabulary) {
  const auto draw = [&](Key key) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(n * length));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<std::int64_t>(uniform(key, i) * static_cast<double>(vocabulary));
    return values;
  };
  std::vector<std::int64_t> tokens = draw(Key{12}), labels = draw(Key{13});
  for (std::int64_t i = 0; i < n; ++i) {
    labels[static_cast<std::size_t>(i * length)] = -1;
    if (i % 2 == 1) labels[static_cast<std::size_t>((i + 1) * length - 1)] = -1;
  }
  return {.name = "small sequences",
          .inputs = NdArray::of<std::int64_t>(tokens, {n, length}),
          .labels = NdArray::of<std::int64_t>(labels, {n, length}),
          .classes = vocabulary,
          .vocabulary = vocabulary};
}

/// Tokens (n, length) as a tensor.
inline at::Tensor random_tokens(std::int64_t n, std::int64_t length, std::int64_t vocabulary) {
  const data::Dataset data = sequence_data(n, length, vocabulary);
  const auto values = data.inputs.as<std::int64_t>();
  return at::tensor(at::ArrayRef<std::int64_t>(values.data(), values.size()), at::kLong)
      .view({n, length});
}

}  // namespace thalweg::testing
