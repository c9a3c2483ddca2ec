#include "thalweg/linalg/symmetric_eigen.hpp"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

// LAPACK, which OpenBLAS holds: eigenpairs number il to iu of a symmetric matrix, ascending.
extern "C" void dsyevr_(const char* jobz,
                        const char* range,
                        const char* uplo,
                        const int* n,
                        double* a,
                        const int* lda,
                        const double* vl,
                        const double* vu,
                        const int* il,
                        const int* iu,
                        const double* abstol,
                        int* m,
                        double* w,
                        double* z,
                        const int* ldz,
                        int* isuppz,
                        double* work,
                        const int* lwork,
                        int* iwork,
                        const int* liwork,
                        int* info);

namespace thalweg::linalg {
namespace {

void check(const char* where, MatrixView a) {
  if (a.rows() != a.cols() || a.rows() == 0) {
    throw InvalidArgument(where,
                          fmt::format("needs a square matrix; got {} x {}.", a.rows(), a.cols()));
  }
  if (!a.allFinite()) throw NonFinite(where, "the matrix holds a NaN or an infinity.");
}

// The sign of an eigenvector is free: make its entry of largest modulus positive.
void fix_signs(Matrix& vectors) {
  for (Eigen::Index j = 0; j < vectors.cols(); ++j) {
    Eigen::Index largest = 0;
    vectors.col(j).cwiseAbs().maxCoeff(&largest);
    if (vectors(largest, j) < 0) vectors.col(j) *= -1;
  }
}

// Eigenpairs first, first + 1, ... counted from the largest.
SymmetricEigen pairs_from(MatrixView a, int first, int count) {
  const int d = static_cast<int>(a.rows());
  Eigen::MatrixXd work_on = a.transpose();  // by columns: its upper triangle is the lower one of a
  const int il = d - first - count + 1, iu = d - first;
  const double unused = 0, tolerance = 0;
  const int work_size = 40 * d, integer_work_size = 10 * d;  // 26 d is needed, more is for blocks
  std::vector<double> values(static_cast<std::size_t>(d));
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> support(2 * static_cast<std::size_t>(d));
  std::vector<int> integer_work(static_cast<std::size_t>(integer_work_size));
  Eigen::MatrixXd vectors(d, count);
  int found = 0, info = 0;
  dsyevr_("V",
          "I",
          "U",
          &d,
          work_on.data(),
          &d,
          &unused,
          &unused,
          &il,
          &iu,
          &tolerance,
          &found,
          values.data(),
          vectors.data(),
          &d,
          support.data(),
          work.data(),
          &work_size,
          integer_work.data(),
          &integer_work_size,
          &info);
  if (info != 0 || found != count) {
    throw InternalError(
        "linalg::symmetric_eigen",
        fmt::format(
            "dsyevr gave {} of {} pairs of a matrix of size {}, info {}.", found, count, d, info));
  }
  SymmetricEigen result{.values = Eigen::Map<const Vector>(values.data(), count).reverse(),
                        .vectors = vectors.rowwise().reverse()};
  fix_signs(result.vectors);
  return result;
}

}  // namespace

SymmetricEigen symmetric_eigen(MatrixView a) {
  check("linalg::symmetric_eigen", a);
  return pairs_from(a, 0, static_cast<int>(a.rows()));
}

SymmetricEigen leading_eigenpairs(MatrixView a, int count) {
  check("linalg::leading_eigenpairs", a);
  if (count < 1 || count > a.rows()) {
    throw InvalidArgument("linalg::leading_eigenpairs",
                          fmt::format("can give 1 to {} pairs; got {}.", a.rows(), count));
  }
  return pairs_from(a, 0, count);
}

SymmetricEigen eigenpair_of_largest_modulus(MatrixView a) {
  check("linalg::eigenpair_of_largest_modulus", a);
  const SymmetricEigen largest = pairs_from(a, 0, 1);
  const SymmetricEigen smallest = pairs_from(a, static_cast<int>(a.rows()) - 1, 1);
  return std::abs(largest.values[0]) >= std::abs(smallest.values[0]) ? largest : smallest;
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
