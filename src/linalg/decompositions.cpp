#include "thalweg/linalg/decompositions.hpp"

#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>

namespace thalweg::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Solver = Eigen::SelfAdjointEigenSolver<MatrixXd>;

}  // namespace

Eigenpairs eigenpairs(const MatrixXd& symmetric) {
  const Solver solver(symmetric);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

VectorXd eigenvalues(const MatrixXd& symmetric) {
  return Solver(symmetric, Eigen::EigenvaluesOnly).eigenvalues();
}

Eigenpairs tridiagonal_eigenpairs(const VectorXd& diagonal, const VectorXd& off_diagonal) {
  Solver solver;
  solver.computeFromTridiagonal(diagonal, off_diagonal);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

VectorXd tridiagonal_eigenvalues(const VectorXd& diagonal, const VectorXd& off_diagonal) {
  Solver solver;
  solver.computeFromTridiagonal(diagonal, off_diagonal, Eigen::EigenvaluesOnly);
  return solver.eigenvalues();
}

VectorXd solve(const MatrixXd& a, const VectorXd& b) { return a.partialPivLu().solve(b); }

MatrixXd inverse(const MatrixXd& a) { return a.inverse(); }

VectorXd least_squares(const MatrixXd& a, const VectorXd& b) {
  return a.colPivHouseholderQr().solve(b);
}

MatrixXd orthogonal_factor(const MatrixXd& columns) { return columns.householderQr().householderQ(); }

Matrix orthogonal_factor(const Matrix& columns) {
  return Eigen::HouseholderQR<Matrix>(columns).householderQ();
}

Eigen::VectorXi pivoted_columns(const MatrixXd& a, Eigen::Index count) {
  return Eigen::ColPivHouseholderQR<MatrixXd>(a).colsPermutation().indices().head(count);
}

struct Cholesky::Impl {
  Eigen::LLT<MatrixXd> factor;
};

Cholesky::Cholesky(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cholesky::~Cholesky() = default;
Cholesky::Cholesky(Cholesky&&) noexcept = default;
Cholesky& Cholesky::operator=(Cholesky&&) noexcept = default;

std::optional<Cholesky> Cholesky::of(const MatrixXd& a) {
  auto impl = std::make_unique<Impl>(Impl{Eigen::LLT<MatrixXd>(a)});
  if (impl->factor.info() != Eigen::Success) return {};
  return Cholesky(std::move(impl));
}

MatrixXd Cholesky::solve(const MatrixXd& b) const { return impl_->factor.solve(b); }
VectorXd Cholesky::solve(const VectorXd& b) const { return impl_->factor.solve(b); }

double Cholesky::log_determinant() const {
  return 2 * impl_->factor.matrixLLT().diagonal().array().log().sum();
}

Matrix lower_factor(const Matrix& a, bool& positive_definite) {
  const Eigen::LLT<Matrix> factor(a);
  positive_definite = factor.info() == Eigen::Success;
  return factor.matrixL();
}

}  // namespace thalweg::linalg
