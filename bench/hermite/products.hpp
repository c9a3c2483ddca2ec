#pragma once

#include <algorithm>
#include <ctime>
#include <span>

#include "thalweg/base/random.hpp"
#include "thalweg/linalg/gram.hpp"
#include "thalweg/linalg/matrix.hpp"
#include "thalweg/linalg/product.hpp"

namespace thalweg::bench {

inline Matrix normal_matrix(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal(std::span<double>(x.data(), static_cast<std::size_t>(x.size())), key);
  return x;
}

/// Processor seconds of the fastest of five calls: other programs on the machine do not lengthen
/// them as they do the wall's. For one thread.
template <typename Body>
double seconds_of(Body body) {
  double best = 1e300;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const std::clock_t begin = std::clock();
    body();
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return best;
}

/// The floor of orders 1 and 2: one bare symmetric product X^T X.
inline double symmetric_product_seconds(const Matrix& x) {
  return seconds_of([&] { linalg::gram(x); });
}

/// The floor of sums over pairs: flops per second of a product of 1500 x 1500 matrices.
inline double product_flops() {
  constexpr Eigen::Index n = 1500;
  const Matrix a = normal_matrix(n, n, Key{1}), b = normal_matrix(n, n, Key{2});
  Matrix c = Matrix::Zero(n, n);
  const double seconds = seconds_of(
      [&] { linalg::add_product(1, a, linalg::Form::kPlain, b, linalg::Form::kPlain, c); });
  return 2.0 * n * n * n / seconds;
}

/// Bytes per second of reading a matrix larger than the cache once.
inline double read_bandwidth(const Matrix& x) {
  double sum = 0;
  const double seconds = seconds_of([&] { sum += x.sum(); });
  return sum == 0 ? 0 : static_cast<double>(x.size()) * 8 / seconds;
}

}  // namespace thalweg::bench
