#include "thalweg/linalg/symmetric_eigen.hpp"

#include <cmath>
#include <limits>
#include <span>

#include <Eigen/QR>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::linalg {
namespace {

Matrix normal_matrix(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal(std::span<double>(x.data(), static_cast<std::size_t>(x.size())), key);
  return x;
}

// Q diag(values) Q^T: the truth to rounding.
struct Prescribed {
  Matrix a, q;
};

Prescribed prescribed(const Vector& values, Key key) {
  const Eigen::Index d = values.size();
  const Matrix q = Eigen::HouseholderQR<Matrix>(normal_matrix(d, d, key)).householderQ();
  return {.a = q * values.asDiagonal() * q.transpose(), .q = q};
}

TEST(SymmetricEigen, RecoversAPrescribedSpectrum) {
  for (const Eigen::Index d : {1, 2, 3, 17, 64, 65, 200}) {
    Vector values = Vector::LinSpaced(d, 3, -2);
    if (d > 3) values[1] = values[0];  // a pair that is one to rounding
    const Prescribed problem = prescribed(values, Key{51});
    const SymmetricEigen found = symmetric_eigen(problem.a);
    const double rounding = 1e-15 * static_cast<double>(d + 10) * 3;
    EXPECT_LE((found.values - values).cwiseAbs().maxCoeff(), rounding);
    EXPECT_LE((problem.a * found.vectors - found.vectors * found.values.asDiagonal())
                  .cwiseAbs()
                  .maxCoeff(),
              rounding);
    EXPECT_LE(
        (found.vectors.transpose() * found.vectors - Matrix::Identity(d, d)).cwiseAbs().maxCoeff(),
        rounding);
    for (Eigen::Index j = 0; j < d; ++j)
      EXPECT_EQ(found.vectors.col(j).maxCoeff(), found.vectors.col(j).cwiseAbs().maxCoeff());
  }
}

TEST(SymmetricEigen, LeadingPairsAreTheFirstOfAll) {
  const Prescribed problem = prescribed(Vector::LinSpaced(40, -5, 2), Key{52});
  const SymmetricEigen all = symmetric_eigen(problem.a);
  for (const int count : {1, 3, 40}) {
    const SymmetricEigen found = leading_eigenpairs(problem.a, count);
    EXPECT_LE((found.values - all.values.head(count)).cwiseAbs().maxCoeff(), 1e-13);
    EXPECT_LE((found.vectors - all.vectors.leftCols(count)).cwiseAbs().maxCoeff(), 1e-12);
  }
}

TEST(SymmetricEigen, LargestModulusMayBeNegative) {
  for (const double sign : {1.0, -1.0}) {
    Vector values = Vector::LinSpaced(30, -1, 1);
    values[7] = 4 * sign;
    const Prescribed problem = prescribed(values, Key{53});
    const SymmetricEigen found = eigenpair_of_largest_modulus(problem.a);
    EXPECT_NEAR(found.values[0], 4 * sign, 1e-13);
    EXPECT_NEAR(std::abs(found.vectors.col(0).dot(problem.q.col(7))), 1, 1e-13);
  }
}

TEST(SymmetricEigen, ReadsTheLowerTriangle) {
  Matrix a = prescribed(Vector::LinSpaced(5, 1, 5), Key{54}).a;
  const Vector values = symmetric_eigen(a).values;
  a.triangularView<Eigen::StrictlyUpper>().setConstant(77);
  EXPECT_EQ(symmetric_eigen(a).values, values);
}

TEST(SymmetricEigen, SurvivesTheZeroMatrix) {
  const SymmetricEigen found = symmetric_eigen(Matrix::Zero(4, 4));
  EXPECT_EQ(found.values, Vector::Zero(4));
  EXPECT_LE((found.vectors.transpose() * found.vectors - Matrix::Identity(4, 4)).norm(), 1e-14);
}

TEST(SymmetricEigen, NamesWhatItCannotTake) {
  const auto message = [](auto f) { return testing::message_of<Error>(f); };
  EXPECT_EQ(message([] { symmetric_eigen(Matrix::Zero(2, 3)); }),
            "[linalg::symmetric_eigen] needs a square matrix; got 2 x 3.");
  EXPECT_EQ(message([] { leading_eigenpairs(Matrix::Zero(3, 3), 4); }),
            "[linalg::leading_eigenpairs] can give 1 to 3 pairs; got 4.");
  Matrix a = Matrix::Zero(3, 3);
  a(1, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message([&] { eigenpair_of_largest_modulus(a); }),
            "[linalg::eigenpair_of_largest_modulus] the matrix holds a NaN or an infinity.");
}

TEST(OrthonormalBasis, SpansTheColumnsAndDropsWhatDepends) {
  Matrix columns = normal_matrix(10, 4, Key{55});
  columns.col(2) = 2 * columns.col(0) - columns.col(1);
  const Matrix basis = orthonormal_basis(columns);
  ASSERT_EQ(basis.cols(), 3);
  EXPECT_LE((basis.transpose() * basis - Matrix::Identity(3, 3)).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_LE((columns - basis * (basis.transpose() * columns)).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_EQ(orthonormal_basis(Matrix::Zero(4, 2)).cols(), 0);
}

TEST(OrthonormalBasis, HoldsForNearlyDependentColumns) {
  Matrix columns = normal_matrix(50, 2, Key{56});
  columns.col(1) = columns.col(0) + 1e-8 * columns.col(1);
  const Matrix basis = orthonormal_basis(columns);
  ASSERT_EQ(basis.cols(), 2);
  EXPECT_LE(std::abs(basis.col(0).dot(basis.col(1))), 1e-15);
}

}  // namespace
}  // namespace thalweg::linalg
