#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::testing {

/// A full d^k array, for tests at small d: h_k(x), and contractions of its last places.
struct DenseTensor {
  std::size_t d = 1;
  int order = 0;
  std::vector<double> entries;  ///< (d, ..., d), the last index runs fastest

  /// The last place filled with v.
  DenseTensor with(const Vector& v) const {
    DenseTensor result{.d = d, .order = order - 1, .entries = {}};
    for (std::size_t i = 0; i < entries.size(); i += d) {
      double sum = 0;
      for (std::size_t j = 0; j < d; ++j) sum += entries[i + j] * v[static_cast<long>(j)];
      result.entries.push_back(sum);
    }
    return result;
  }

  /// The last two places filled with the matrix b.
  DenseTensor with(const Matrix& b) const {
    DenseTensor result{.d = d, .order = order - 2, .entries = {}};
    for (std::size_t i = 0; i < entries.size(); i += d * d) {
      double sum = 0;
      for (std::size_t j = 0; j < d * d; ++j) sum += entries[i + j] * b.data()[j];
      result.entries.push_back(sum);
    }
    return result;
  }

  DenseTensor traced(int times) const {
    DenseTensor result = *this;
    const auto size = static_cast<Eigen::Index>(d);
    for (int i = 0; i < times; ++i) result = result.with(Matrix(Matrix::Identity(size, size)));
    return result;
  }

  /// As a matrix with the first index for its rows.
  Matrix unfolded() const {
    const auto rows = static_cast<Eigen::Index>(d);
    return Eigen::Map<const Matrix>(
        entries.data(), rows, static_cast<Eigen::Index>(entries.size()) / rows);
  }
};

/// He_0 ... He_k by He_{j+1}[a, rest] = x_a He_j[rest] - sum_{b in rest} delta_ab He_{j-1}[rest
/// without b], normalised at the end.
inline DenseTensor dense_hermite(int k, const Vector& x) {
  const auto d = static_cast<std::size_t>(x.size());
  std::vector<double> before, value = {1};  // He_{j-1}, He_j
  for (int j = 0; j < k; ++j) {
    std::vector<double> next(value.size() * d);
    for (std::size_t index = 0; index < next.size(); ++index) {
      const std::size_t rest = index % value.size();
      const std::size_t a = index / value.size();
      double entry = x[static_cast<long>(a)] * value[rest];
      std::size_t place = value.size() / d;  // of the first index in rest
      for (int b = 0; b < j; ++b, place /= d) {
        if (rest / place % d != a) continue;
        entry -= before[rest / (place * d) * place + rest % place];
      }
      next[index] = entry;
    }
    before = value;
    value = next;
  }
  for (double& entry : value) entry /= std::sqrt(std::tgamma(k + 1.0));
  return {.d = d, .order = k, .entries = value};
}

}  // namespace thalweg::testing
