#pragma once

#include <cstdint>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::estimation {

/// Rows (x_i, y_i), i = 0, 1, ...: planted, or a table's. Row i is the same whenever it is read.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  virtual int dimension() const = 0;      ///< d
  virtual std::int64_t rows() const = 0;  ///< how many there are

  /// Rows first, first + 1, ... @param x  (m, d), written   @param y  (m), written. Thread-safe.
  virtual void read(std::int64_t first, Eigen::Ref<Matrix> x, Eigen::Ref<Vector> y) const = 0;
};

}  // namespace thalweg::estimation
