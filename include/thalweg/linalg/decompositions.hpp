#pragma once

#include <memory>
#include <optional>

#include <Eigen/Core>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::linalg {

// Decompositions of small dense matrices by Eigen, compiled once: its templates take ten seconds of
// compiling wherever they are used. For a hundred rows and more see symmetric_eigen.hpp (LAPACK).

/// Eigenvalues, ascending, with orthonormal eigenvectors as columns.
struct Eigenpairs {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

/// @param symmetric  (n, n); the lower triangle is read. Cost about 9 n^3 flops
Eigenpairs eigenpairs(const Eigen::MatrixXd& symmetric);
Eigen::VectorXd eigenvalues(const Eigen::MatrixXd& symmetric);

/// Of the symmetric tridiagonal matrix with this diagonal (n) and off-diagonal (n - 1).
Eigenpairs tridiagonal_eigenpairs(const Eigen::VectorXd& diagonal,
                                  const Eigen::VectorXd& off_diagonal);
Eigen::VectorXd tridiagonal_eigenvalues(const Eigen::VectorXd& diagonal,
                                        const Eigen::VectorXd& off_diagonal);

/// a^{-1} b by LU with partial pivoting; not finite where `a` is singular.
Eigen::VectorXd solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b);
Eigen::MatrixXd inverse(const Eigen::MatrixXd& a);

/// The x of least |a x - b|, by QR with column pivoting.
Eigen::VectorXd least_squares(const Eigen::MatrixXd& a, const Eigen::VectorXd& b);

/// The square orthogonal factor of a QR decomposition: its first columns span those of `columns`.
Eigen::MatrixXd orthogonal_factor(const Eigen::MatrixXd& columns);
Matrix orthogonal_factor(const Matrix& columns);

/// Columns in the order in which QR with pivoting takes them: the first `count` of them are the most
/// independent ones.
Eigen::VectorXi pivoted_columns(const Eigen::MatrixXd& a, Eigen::Index count);

/// A = L L^T.
class Cholesky {
 public:
  /// nullopt if `a` is not positive definite. @param a  symmetric; the lower triangle is read
  static std::optional<Cholesky> of(const Eigen::MatrixXd& a);
  ~Cholesky();
  Cholesky(Cholesky&&) noexcept;
  Cholesky& operator=(Cholesky&&) noexcept;

  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const;
  Eigen::VectorXd solve(const Eigen::VectorXd& b) const;
  double log_determinant() const;

 private:
  struct Impl;
  explicit Cholesky(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// L of A = L L^T, of as many columns as have positive pivots; the rest is what Eigen leaves there.
/// @param positive_definite  whether all have
Matrix lower_factor(const Matrix& a, bool& positive_definite);

}  // namespace thalweg::linalg
