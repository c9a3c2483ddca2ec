#include "index/standardise.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Cholesky>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/linalg/gram.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

constexpr Eigen::Index kBlockRows = 1024;
constexpr double kDependent = 1e-10;  // share of a column's variance that others leave

// L of L L^T = covariance. Column j has the variance l_jj^2 left after those before it.
Matrix cholesky(const std::string& where,
                const Matrix& covariance,
                std::span<const std::string> names) {
  Eigen::LLT<Matrix> factor(covariance);
  if (factor.info() != Eigen::Success) {  // a pivot below 0: go on far enough to name its column
    const Matrix ridge = covariance.diagonal().asDiagonal();
    factor.compute(covariance + 1e-12 * ridge);
  }
  const Matrix l = factor.matrixL();
  for (Eigen::Index j = 0; j < l.rows(); ++j) {
    if (l(j, j) * l(j, j) > kDependent * covariance(j, j)) continue;  // false for NaN, too
    const char* fault =
        covariance(j, j) > 0 ? "is a combination of those before it" : "does not vary";
    const auto name =
        names.empty() ? std::to_string(j + 1) : "'" + names[static_cast<std::size_t>(j)] + "'";
    throw InvalidArgument(where, fmt::format("column {} {}; drop it.", name, fault));
  }
  return l;
}

}  // namespace

Matrix centred_moment(MatrixView x, const Vector& w, const Vector& mean) {
  Matrix sum = Matrix::Zero(x.cols(), x.cols());
  Matrix block(std::min(kBlockRows, x.rows()), x.cols());
  std::vector<double> weights;
  const auto add = [&] {
    sum += linalg::gram(block.topRows(static_cast<Eigen::Index>(weights.size())), weights);
    weights.clear();
  };
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    if (w[i] == 0) continue;
    block.row(static_cast<Eigen::Index>(weights.size())) = x.row(i) - mean.transpose();
    weights.push_back(w[i]);
    if (static_cast<Eigen::Index>(weights.size()) == block.rows()) add();
  }
  if (!weights.empty()) add();
  return sum;
}

Vector Standardisation::coordinates(const Vector& v) const {
  return l.triangularView<Eigen::Lower>().solve(v);
}

Matrix Standardisation::rows(MatrixView x) const {
  const Matrix centred = x.rowwise() - mean.transpose();
  return l.triangularView<Eigen::Lower>().solve(centred.transpose()).transpose();
}

Matrix Standardisation::moment(const Matrix& m) const {
  const Matrix half = l.triangularView<Eigen::Lower>().solve(m);
  return l.triangularView<Eigen::Lower>().solve(Matrix(half.transpose()));
}

Matrix Standardisation::directions(const Matrix& u) const {
  return linalg::orthonormal_basis(Matrix(l.transpose().triangularView<Eigen::Upper>().solve(u)));
}

std::optional<Standardisation> standardise(const std::string& where,
                                           MatrixView x,
                                           std::span<const std::string> names) {
  const Eigen::Index n = x.rows();
  if (n <= x.cols()) return std::nullopt;
  const Vector mean = x.colwise().mean();
  const Matrix covariance =
      centred_moment(x, Vector::Constant(n, 1 / static_cast<double>(n)), mean);
  return Standardisation{.mean = mean, .l = cholesky(where, covariance, names)};
}

}  // namespace thalweg::index
