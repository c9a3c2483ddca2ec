#include "thalweg/linalg/symmetric_eigen.hpp"

#include <cmath>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::linalg {
namespace {

// The sign of an eigenvector is free: make its entry of largest modulus positive.
void fix_signs(Matrix& vectors) {
  for (Eigen::Index j = 0; j < vectors.cols(); ++j) {
    Eigen::Index largest = 0;
    vectors.col(j).cwiseAbs().maxCoeff(&largest);
    if (vectors(largest, j) < 0) vectors.col(j) *= -1;
  }
}

}  // namespace

SymmetricEigen symmetric_eigen(MatrixView a) {
  if (a.rows() != a.cols()) {
    throw InvalidArgument("linalg::symmetric_eigen",
                          fmt::format("needs a square matrix; got {} x {}.", a.rows(), a.cols()));
  }
  if (!a.allFinite())
    throw NonFinite("linalg::symmetric_eigen", "the matrix holds a NaN or an infinity.");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(a);
  SymmetricEigen found{.values = solver.eigenvalues().reverse(),
                       .vectors = solver.eigenvectors().rowwise().reverse()};
  fix_signs(found.vectors);
  return found;
}

SymmetricEigen leading_eigenpairs(MatrixView a, int count) {
  if (count < 1 || count > a.rows()) {
    throw InvalidArgument("linalg::leading_eigenpairs",
                          fmt::format("can give 1 to {} pairs; got {}.", a.rows(), count));
  }
  const SymmetricEigen all = symmetric_eigen(a);
  return {.values = all.values.head(count), .vectors = all.vectors.leftCols(count)};
}

SymmetricEigen eigenpair_of_largest_modulus(MatrixView a) {
  const SymmetricEigen all = symmetric_eigen(a);
  const Eigen::Index last = all.values.size() - 1;
  const Eigen::Index chosen = std::abs(all.values[0]) >= std::abs(all.values[last]) ? 0 : last;
  return {.values = all.values.segment(chosen, 1), .vectors = all.vectors.middleCols(chosen, 1)};
}

Matrix orthonormal_basis(MatrixView columns) {
  Matrix basis(columns.rows(), columns.cols());
  Eigen::Index rank = 0;
  for (Eigen::Index j = 0; j < columns.cols(); ++j) {
    Vector v = columns.col(j);
    const double length = v.norm();
    for (int pass = 0; pass < 2; ++pass)  // twice is enough for orthogonality to rounding
      v -= basis.leftCols(rank) * (basis.leftCols(rank).transpose() * v);
    if (!(v.norm() > 1e-10 * length)) continue;
    basis.col(rank++) = v.normalized();
  }
  return basis.leftCols(rank);
}

}  // namespace thalweg::linalg
