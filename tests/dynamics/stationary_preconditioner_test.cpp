#include "thalweg/dynamics/stationary_preconditioner.hpp"

#include <cmath>

#include <Eigen/Eigenvalues>
#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::dynamics {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd random_symmetric(Eigen::Index n, Key key) {
  MatrixXd a(n, n);
  fill_normal(std::span<double>(a.data(), static_cast<std::size_t>(a.size())), key);
  return (a + a.transpose()) / 2;
}

// Signs s with s_i s_j H_ij >= 0 exist for a matrix of positive entries: M_i = 1/2 sum_j |H_ij|.
TEST(StationaryPreconditioner, IsHalfTheRowSumsForPositiveMatrices) {
  const MatrixXd h = random_symmetric(6, Key{1}).cwiseAbs();
  const VectorXd m = stationary_preconditioner(h, VectorXd::Zero(6));
  EXPECT_LT((m - h.rowwise().sum() / 2).norm(), 1e-6 * m.norm());
}

// One weight: tr M + a^2/M has its minimum at |a|, unless H/2 lies above.
TEST(StationaryPreconditioner, IsTheLargerOfDriveAndHalfTheCurvature) {
  const auto found = [](double h, double a) {
    return stationary_preconditioner(MatrixXd::Constant(1, 1, h), VectorXd::Constant(1, a))[0];
  };
  EXPECT_NEAR(found(4, 0.5), 2, 1e-7);
  EXPECT_NEAR(found(4, 3), 3, 1e-4);  // at a flat minimum M is known to the root of the gap
  EXPECT_NEAR(found(-4, 3), 3, 1e-4);
}

// KKT: Sigma = (I - a^2/M^2)/4 on the diagonal of a positive semidefinite matrix in the kernel of
// 2M - H. Its trace against the slack vanishes, which the smallest eigenvalues show.
TEST(StationaryPreconditioner, TouchesTheConstraintAndNoSmallerTraceIsAdmissible) {
  const MatrixXd h = random_symmetric(12, Key{2});
  VectorXd a(12);
  fill_normal(std::span<double>(a.data(), 12), Key{3});
  a *= 0.3;
  const VectorXd m = stationary_preconditioner(h, a);
  const auto value = [&](const VectorXd& d) {
    return d.sum() + (a.array().square() / d.array()).sum();
  };
  const auto least = [&](const VectorXd& d) {
    MatrixXd slack = -h;
    slack.diagonal() += 2 * d;
    return Eigen::SelfAdjointEigenSolver<MatrixXd>(slack).eigenvalues()[0];
  };
  EXPECT_GT(least(m), 0);
  EXPECT_LT(least(m), 1e-6 * m.maxCoeff());
  // A convex program: no admissible neighbour is better.
  int admissible = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    VectorXd step(12);
    fill_normal(std::span<double>(step.data(), 12), Key{4}.with(trial));
    const VectorXd neighbour = m + 0.02 * step;
    if (neighbour.minCoeff() <= 0 || least(neighbour) < 0) continue;
    ++admissible;
    EXPECT_GT(value(neighbour), value(m) * (1 - 1e-8));
  }
  EXPECT_GT(admissible, 10);
}

TEST(StationaryPreconditioner, RefusesWhatIsNoProblem) {
  EXPECT_THROW(stationary_preconditioner(MatrixXd::Zero(2, 3), VectorXd::Zero(2)), InvalidArgument);
  EXPECT_THROW(stationary_preconditioner(MatrixXd::Constant(1, 1, std::nan("")), VectorXd::Zero(1)),
               NonFinite);
}

}  // namespace
}  // namespace thalweg::dynamics
