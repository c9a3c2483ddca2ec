#include "thalweg/linalg/gram.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <cblas.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::linalg {
namespace {

constexpr Eigen::Index kBlockRows = 256;  // of scaled rows: 2 MB at d = 1000

// lower(C) += sign * B^T B.
void add_square(const MatrixView& b, double sign, Matrix& c) {
  if (b.rows() == 0) return;
  const int d = static_cast<int>(b.cols());
  cblas_dsyrk(CblasRowMajor,
              CblasLower,
              CblasTrans,
              d,
              static_cast<int>(b.rows()),
              sign,
              b.data(),
              static_cast<int>(b.outerStride()),
              1.0,
              c.data(),
              d);
}

void mirror_lower(Matrix& c) { c.triangularView<Eigen::StrictlyUpper>() = c.transpose(); }

// lower(C) += X^T diag(t) X, the rows of each sign scaled by sqrt|t_i|.
void add_weighted_square(const MatrixView& x, std::span<const double> t, Matrix& c) {
  const Eigen::Index n = x.rows();
  Matrix positive(std::min(n, kBlockRows), x.cols());
  Matrix negative = positive;
  for (Eigen::Index first = 0; first < n; first += kBlockRows) {
    Eigen::Index plus = 0, minus = 0;
    for (Eigen::Index i = first; i < std::min(n, first + kBlockRows); ++i) {
      const double weight = t[static_cast<std::size_t>(i)];
      if (weight > 0) positive.row(plus++) = std::sqrt(weight) * x.row(i);
      if (weight < 0) negative.row(minus++) = std::sqrt(-weight) * x.row(i);
    }
    add_square(positive.topRows(plus), 1.0, c);
    add_square(negative.topRows(minus), -1.0, c);
  }
}

}  // namespace

Matrix gram(MatrixView x, std::span<const double> t) {
  const Eigen::Index n = x.rows();
  if (!t.empty() && static_cast<Eigen::Index>(t.size()) != n) {
    throw InvalidArgument(
        "linalg::gram",
        fmt::format("needs a weight for each of the {} rows; got {}.", n, t.size()));
  }
  Matrix c = Matrix::Zero(x.cols(), x.cols());
  const bool equal = std::adjacent_find(t.begin(), t.end(), std::not_equal_to<>()) == t.end();
  if (equal) {  // ones, or slices of equal mass: no rows to scale
    add_square(x, t.empty() ? 1.0 : t.front(), c);
  } else {
    add_weighted_square(x, t, c);
  }
  mirror_lower(c);
  return c;
}

}  // namespace thalweg::linalg
