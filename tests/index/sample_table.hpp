#pragma once

#include <functional>
#include <span>

#include <Eigen/QR>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/sample_source.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

inline Matrix normal_matrix(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal(std::span<double>(x.data(), static_cast<std::size_t>(x.size())), key);
  return x;
}

/// A uniform (d, d) orthogonal matrix, up to the signs of its columns.
inline Matrix rotation(Eigen::Index d, Key key) {
  return Eigen::HouseholderQR<Matrix>(normal_matrix(d, d, key)).householderQ();
}

/// Rows that are given.
class SampleTable : public estimation::SampleSource {
 public:
  SampleTable(Matrix x, Vector y) : x_(std::move(x)), y_(std::move(y)) {}

  /// Standard normal rows whose first coordinates drive y.
  SampleTable(Eigen::Index n,
              Eigen::Index d,
              Key key,
              const std::function<double(const double*)>& f)
      : x_(normal_matrix(n, d, key)), y_(n) {
    for (Eigen::Index i = 0; i < n; ++i) y_[i] = f(x_.row(i).data());
  }

  int dimension() const override { return static_cast<int>(x_.cols()); }
  std::int64_t rows() const override { return x_.rows(); }
  void read(std::int64_t first, Eigen::Ref<Matrix> x, Eigen::Ref<Vector> y) const override {
    x = x_.middleRows(first, x.rows());
    y = y_.segment(first, y.size());
  }

  const Matrix& x() const { return x_; }
  const Vector& y() const { return y_; }
  SampleTable times(const Matrix& a) const { return {x_ * a, y_}; }

 private:
  Matrix x_;
  Vector y_;
};

}  // namespace thalweg::index
