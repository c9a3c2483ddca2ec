#include "thalweg/dynamics/complementarity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::dynamics {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Vector2d;
using Eigen::VectorXd;
using ::testing::HasSubstr;

constexpr double kExact = 1e-11;  // relative error of a well-conditioned answer

Index triangle(Index k) { return k * (k + 1) / 2; }

MatrixXd random_matrix(Index rows, Index columns, Key key) {
  MatrixXd m(rows, columns);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = normal(key, static_cast<std::uint64_t>(i));
  return m;
}

MatrixXd random_symmetric(Index k, Key key) {
  const MatrixXd m = random_matrix(k, k, key);
  return (m + m.transpose()) / 2;
}

MatrixXd random_rotation(Index k, Key key) {
  return random_matrix(k, k, key).householderQr().householderQ();
}

/// B = T T^T of p random vectors T_ij of `length` elements: singular where length < p.
MatrixXd random_gram(Index k, Index length, Key key) {
  const MatrixXd t = random_matrix(triangle(k), length, key);
  return t * t.transpose() / static_cast<double>(length);
}

MatrixXd diagonal(std::initializer_list<double> values) {
  VectorXd v(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), v.begin());
  return v.asDiagonal();
}

MatrixXd negative_part(const MatrixXd& alpha) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(alpha);
  const MatrixXd& v = eigen.eigenvectors();
  return v * (-eigen.eigenvalues()).cwiseMax(0).asDiagonal() * v.transpose();
}

double smallest_eigenvalue(const MatrixXd& m) {
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(m).eigenvalues()[0];
}

/// The three conditions, re-measured from the answer and the problem as given.
void expect_conditions(const ComplementarityProblem& problem,
                       const ComplementaritySolution& solution) {
  const double alpha = problem.alpha.norm();
  const double x = solution.x.norm();
  const MatrixXd slack = problem.alpha + smat(problem.b * svec(solution.x));
  const double rounding = 1e-13 * problem.b.norm() * x;
  EXPECT_GE(smallest_eigenvalue(solution.x), -1e-12 * x);
  EXPECT_GE(smallest_eigenvalue(slack), -1e-8 * alpha - rounding);
  EXPECT_LE(std::abs(solution.x.cwiseProduct(slack).sum()),
            x * (1e-8 * alpha + rounding) + 1e-8 * alpha * alpha / problem.b.norm());
  EXPECT_LE((solution.slack - slack).norm(), 1e-9 * alpha + rounding);
  EXPECT_LE(solution.residual, 1e-8);
}

void expect_near(const MatrixXd& actual, const MatrixXd& expected, double tolerance) {
  EXPECT_LE((actual - expected).norm(), tolerance) << "actual\n"
                                                   << actual << "\nexpected\n"
                                                   << expected;
}

/// B acting on diagonals by G and on each off-diagonal by 1.
MatrixXd acting_on_diagonals(const MatrixXd& g) {
  const Index k = g.rows();
  MatrixXd b = MatrixXd::Identity(triangle(k), triangle(k));
  for (Index i = 0; i < k; ++i) {
    for (Index j = 0; j < k; ++j) {
      b(i * k - i * (i - 1) / 2, j * k - j * (j - 1) / 2) = g(i, j);
    }
  }
  return b;
}

template <typename Exception>
std::string message_of(const ComplementarityProblem& problem) {
  try {
    solve_complementarity(problem);
  } catch (const Exception& error) {
    return error.what();
  }
  return "(no exception)";
}

// --- svec
// ------------------------------------------------------------------------------------------

TEST(Svec, KeepsInnerProductsAndReadsBack) {
  const MatrixXd a = random_symmetric(4, Key{1});
  const MatrixXd b = random_symmetric(4, Key{2});
  EXPECT_NEAR(svec(a).dot(svec(b)), (a * b).trace(), 1e-13);
  expect_near(smat(svec(a)), a, 1e-15);
}

TEST(Svec, GoesRowByRow) {
  MatrixXd x(2, 2);
  x << 1, 2, 2, 3;
  expect_near(svec(x), Eigen::Vector3d(1, 2 * std::sqrt(2.0), 3), 1e-15);
}

TEST(Svec, RefusesOtherShapes) {
  EXPECT_THROW(svec(MatrixXd::Zero(2, 3)), InvalidArgument);
  EXPECT_THROW(smat(VectorXd::Zero(4)), InvalidArgument);
}

// --- closed forms (sheet, section 3)
// ---------------------------------------------------------------

TEST(Complementarity, OneByOneIsTheClosedForm) {
  const auto solve = [](double alpha, double b) {
    return solve_complementarity({MatrixXd::Constant(1, 1, alpha), MatrixXd::Constant(1, 1, b)});
  };
  EXPECT_NEAR(solve(-3, 2).x(0, 0), 1.5, kExact);
  EXPECT_NEAR(solve(-3, 2).slack(0, 0), 0, kExact);
  EXPECT_EQ(solve(3, 2).x(0, 0), 0);
  EXPECT_EQ(solve(3, 2).slack(0, 0), 3);
  EXPECT_EQ(solve(0, 2).x(0, 0), 0);
  EXPECT_EQ(solve(3, 0).x(0, 0), 0);
}

TEST(Complementarity, MultipleOfTheIdentityProjects) {
  for (Index k = 1; k <= 6; ++k) {
    const MatrixXd alpha = random_symmetric(k, Key{3}.with(k));
    const Index p = triangle(k);
    const auto solution = solve_complementarity({alpha, 2.5 * MatrixXd::Identity(p, p)});
    expect_near(solution.x, negative_part(alpha) / 2.5, kExact * alpha.norm());
  }
}

// B[X] = c tr(X) I is of rank one: X sits on the bottom eigenvector of alpha, tr X =
// -lmin(alpha)/c.
TEST(Complementarity, TraceTimesIdentityUsesTheBottomEigenvector) {
  const double c = 0.7;
  for (Index k = 2; k <= 6; ++k) {
    const MatrixXd alpha = random_symmetric(k, Key{4}.with(k));
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(alpha);
    const VectorXd v = eigen.eigenvectors().col(0);
    const VectorXd identity = svec(MatrixXd::Identity(k, k));
    const auto solution = solve_complementarity({alpha, c * identity * identity.transpose()});
    const double trace = std::max(0.0, -eigen.eigenvalues()[0]) / c;
    expect_near(solution.x, trace * v * v.transpose(), 1e-8);
  }
}

TEST(Complementarity, DiagonalProblemIsTheLinearOne) {
  MatrixXd g(2, 2);
  g << 2, 1, 1, 2;
  const MatrixXd b = acting_on_diagonals(g);
  const auto both = solve_complementarity({diagonal({-1, -1}), b});
  expect_near(both.x, diagonal({1.0 / 3, 1.0 / 3}), kExact);
  expect_near(both.slack, diagonal({0, 0}), kExact);
  const auto one = solve_complementarity({diagonal({-1, -0.2}), b});
  expect_near(one.x, diagonal({0.5, 0}), kExact);
  expect_near(one.slack, diagonal({0, 0.3}), kExact);
}

// --- properties
// ------------------------------------------------------------------------------------

class RandomComplementarity : public ::testing::TestWithParam<int> {};

TEST_P(RandomComplementarity, MeetsItsConditions) {
  const Index k = GetParam();
  const Index p = triangle(k);
  int most_steps = 0;
  int stalled = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const Key key = Key{5}.with(k).with(i);
    const auto length = static_cast<Index>(p * (1 + i % 5));
    const ComplementarityProblem problem{random_symmetric(k, key.with("alpha")),
                                         random_gram(k, length, key.with("b"))};
    const auto solution = solve_complementarity(problem);
    expect_conditions(problem, solution);
    most_steps = std::max(most_steps, solution.newton_steps);
    stalled += solution.proximal_steps > 0 ? 1 : 0;
  }
  RecordProperty("most_newton_steps", most_steps);
  EXPECT_LE(stalled, 8) << "Newton's method alone should do for nearly all";
}

// alpha = S* - B[X*] for complementary X*, S* >= 0: the slack is unique even where B is singular.
TEST_P(RandomComplementarity, FindsThePrescribedSlackOfSingularProblems) {
  const Index k = GetParam();
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Key key = Key{6}.with(k).with(i);
    const MatrixXd q = random_rotation(k, key.with("q"));
    const auto rank = static_cast<Index>(i) % (k + 1);
    VectorXd x = random_matrix(k, 1, key.with("x")).cwiseAbs();
    VectorXd s = random_matrix(k, 1, key.with("s")).cwiseAbs();
    x.tail(k - rank).setZero();
    s.head(rank).setZero();
    const auto length = 1 + static_cast<Index>(i) % triangle(k);
    const MatrixXd b = random_gram(k, length, key.with("b"));
    const MatrixXd slack = q * s.asDiagonal() * q.transpose();
    const MatrixXd forced = smat(b * svec(q * x.asDiagonal() * q.transpose()));
    const ComplementarityProblem problem{slack - forced, b};
    const auto solution = solve_complementarity(problem);
    expect_conditions(problem, solution);
    // 1/2 <X - X*, B[X - X*]> <= the duality gap, so that the slack is off by its square root.
    expect_near(solution.slack, slack, 1e-4 * (1 + b.norm()) * problem.alpha.norm());
  }
}

TEST_P(RandomComplementarity, StaysZeroWhereAlphaIsSemidefinite) {
  const Index k = GetParam();
  for (std::uint64_t i = 0; i < 50; ++i) {
    const Key key = Key{7}.with(k).with(i);
    const MatrixXd root = random_matrix(k, k, key.with("alpha"));
    const auto solution = solve_complementarity(
        {root * root.transpose(), random_gram(k, triangle(k), key.with("b"))});
    EXPECT_EQ(solution.x.norm(), 0);
    EXPECT_EQ(solution.newton_steps, 0);
  }
}

// U -> U R turns alpha into R^T alpha R and X into R^T X R.
TEST_P(RandomComplementarity, TurnsWithTheBasis) {
  const Index k = GetParam();
  const Index p = triangle(k);
  for (std::uint64_t i = 0; i < 30; ++i) {
    const Key key = Key{8}.with(k).with(i);
    const MatrixXd r = random_rotation(k, key.with("r"));
    MatrixXd turn(p, p);  // svec(X) -> svec(R^T X R), orthogonal
    for (Index j = 0; j < p; ++j) {
      turn.col(j) = svec(r.transpose() * smat(VectorXd::Unit(p, j)) * r);
    }
    const MatrixXd alpha = random_symmetric(k, key.with("alpha"));
    const MatrixXd b = random_gram(k, 3 * p, key.with("b"));
    const MatrixXd x = solve_complementarity({alpha, b}).x;
    const MatrixXd turned_alpha = r.transpose() * alpha * r;
    const MatrixXd turned_b = turn * b * turn.transpose();
    const MatrixXd turned = solve_complementarity({(turned_alpha + turned_alpha.transpose()) / 2,
                                                   (turned_b + turned_b.transpose()) / 2})
                                .x;
    expect_near(turned, r.transpose() * x * r, 1e-8 * (1 + x.norm()));
  }
}

TEST_P(RandomComplementarity, ScalesWithItsUnits) {
  const Index k = GetParam();
  const MatrixXd alpha = random_symmetric(k, Key{9}.with(k));
  const MatrixXd b = random_gram(k, 2 * triangle(k), Key{10}.with(k));
  const MatrixXd x = solve_complementarity({alpha, b}).x;
  for (const auto& [alpha_unit, b_unit] : {std::tuple{1e-12, 1.0},
                                           {1e12, 1.0},
                                           {1.0, 1e-12},
                                           {1.0, 1e12},
                                           {1e12, 1e-12},
                                           {1e-12, 1e12},
                                           {1e-160, 1e-180}}) {
    const auto solution = solve_complementarity({alpha_unit * alpha, b_unit * b});
    const double x_unit = alpha_unit / b_unit;
    expect_near(solution.x / x_unit, x, 1e-9 * (1 + x.norm()));
  }
}

// Nearly equal eigenvalues of alpha, some a hair's breadth from the boundary of the active set.
TEST_P(RandomComplementarity, StandsNearlyDegenerateActiveSets) {
  const Index k = GetParam();
  for (std::uint64_t i = 0; i < 60; ++i) {
    const Key key = Key{11}.with(k).with(i);
    const double width = std::pow(10.0, -4.0 - static_cast<double>(i % 12));
    const MatrixXd q = random_rotation(k, key.with("q"));
    VectorXd values = width * random_matrix(k, 1, key.with("values"));
    values[0] -= static_cast<double>(i % 2);
    const MatrixXd alpha = q * values.asDiagonal() * q.transpose();
    const ComplementarityProblem problem{(alpha + alpha.transpose()) / 2,
                                         random_gram(k, 2 * triangle(k), key.with("b"))};
    expect_conditions(problem, solve_complementarity(problem));
  }
}

// T_ij of norms between 1e-3 and 1: the eigenvalues of B spread over 1e6 and more.
TEST_P(RandomComplementarity, StandsIllConditionedMaps) {
  const Index k = GetParam();
  const Index p = triangle(k);
  for (std::uint64_t i = 0; i < 25; ++i) {
    const Key key = Key{13}.with(k).with(i);
    VectorXd norms(p);
    for (Index j = 0; j < p; ++j) norms[j] = std::pow(10, -3 * uniform(key.with("norms"), j));
    const MatrixXd gram =
        norms.asDiagonal() * random_gram(k, 2 * p, key.with("b")) * norms.asDiagonal();
    const ComplementarityProblem problem{random_symmetric(k, key.with("alpha")),
                                         (gram + gram.transpose()) / 2};
    expect_conditions(problem, solve_complementarity(problem));
  }
}

// Directions whose stiffness differs by twelve orders, as RMSProp's second moments make them: the
// congruence X -> D X D of a well-conditioned problem, whose answer is known from there.
TEST_P(RandomComplementarity, StandsDirectionsOfVeryDifferentStiffness) {
  const Index k = GetParam();
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Key key = Key{14}.with(k).with(i);
    const MatrixXd gram = random_gram(k, 2 * triangle(k), key.with("b"));
    const ComplementarityProblem plain{random_symmetric(k, key.with("alpha")),
                                       (gram + gram.transpose()) / 2};
    VectorXd d(k);
    for (Index j = 0; j < k; ++j) d[j] = std::pow(10, -3 * uniform(key.with("d"), j));
    const MatrixXd outer = d * d.transpose();
    const VectorXd factors = svec(outer).cwiseQuotient(svec(MatrixXd::Ones(k, k)));
    const auto solution =
        solve_complementarity({plain.alpha.cwiseProduct(outer),
                               factors.asDiagonal() * plain.b * factors.asDiagonal()});
    const MatrixXd expected = solve_complementarity(plain).x;
    expect_near(solution.x.cwiseProduct(outer), expected, 1e-5 * (1 + expected.norm()));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RandomComplementarity, ::testing::Range(1, 9));

// B = diag(1, 2, -1e-12) in a turned basis; alpha = S - B[X] for a known complementary pair.
TEST(Complementarity, ClipsNegativeEigenvaluesOfRoundingSize) {
  const MatrixXd q = random_rotation(3, Key{12});
  const MatrixXd turned = q * Eigen::Vector3d(1, 2, -1e-12).asDiagonal() * q.transpose();
  const MatrixXd b = (turned + turned.transpose()) / 2;
  const MatrixXd slack = diagonal({0, 0.5});
  const auto solution = solve_complementarity({slack - smat(b * svec(diagonal({2, 0}))), b});
  expect_near(solution.slack, slack, 1e-4);
}

TEST(Complementarity, ZeroAlphaNeedsNothing) {
  const auto solution = solve_complementarity({MatrixXd::Zero(3, 3), MatrixXd::Zero(6, 6)});
  EXPECT_EQ(solution.x.norm(), 0);
  EXPECT_EQ(solution.slack.norm(), 0);
}

// --- errors
// ----------------------------------------------------------------------------------------

TEST(ComplementarityErrors, SaysWhichShapeIsWrong) {
  EXPECT_THAT(message_of<InvalidArgument>({MatrixXd::Zero(2, 2), MatrixXd::Zero(4, 4)}),
              HasSubstr("k = 2 and p = 4"));
  EXPECT_THAT(message_of<InvalidArgument>({MatrixXd::Zero(2, 3), MatrixXd::Zero(3, 3)}),
              HasSubstr("alpha must be square; got (2, 3)"));
  EXPECT_THAT(message_of<InvalidArgument>({MatrixXd::Zero(2, 2), MatrixXd::Zero(3, 2)}),
              HasSubstr("B must be square"));
  EXPECT_THAT(message_of<InvalidArgument>({MatrixXd(0, 0), MatrixXd(0, 0)}), HasSubstr("k = 0"));
}

TEST(ComplementarityErrors, RefusesNaNAndInfinity) {
  const MatrixXd b = MatrixXd::Identity(3, 3);
  EXPECT_THAT(
      message_of<InvalidArgument>({diagonal({std::numeric_limits<double>::quiet_NaN(), 1}), b}),
      HasSubstr("alpha has an entry that is NaN or infinite"));
  EXPECT_THAT(
      message_of<InvalidArgument>({diagonal({1, 1}), b * std::numeric_limits<double>::infinity()}),
      HasSubstr("B has an entry"));
}

TEST(ComplementarityErrors, RefusesAsymmetry) {
  MatrixXd alpha = diagonal({1, 1});
  alpha(0, 1) = 0.1;
  EXPECT_THAT(message_of<InvalidArgument>({alpha, MatrixXd::Identity(3, 3)}),
              HasSubstr("alpha must be symmetric; entries differ by 0.1"));
}

TEST(ComplementarityErrors, RefusesAnIndefiniteB) {
  EXPECT_THAT(message_of<InvalidArgument>({diagonal({1, 1}), diagonal({1, 1, -0.5})}),
              HasSubstr("B must be positive semidefinite; its eigenvalues lie between -0.5 and 1"));
}

TEST(ComplementarityErrors, ReportsInfeasibleProblemsWithNumbers) {
  for (Index k = 1; k <= 3; ++k) {
    const Index p = triangle(k);
    const MatrixXd alpha = -2 * MatrixXd::Identity(k, k);
    const std::string message = message_of<RunFailed>({alpha, MatrixXd::Zero(p, p)});
    EXPECT_THAT(message, HasSubstr("smallest eigenvalue of alpha -2"));
    EXPECT_THAT(message, HasSubstr("eigenvalues of B between 0 and 0"));
  }
}

// B sees only X_00, alpha is negative along X_11.
TEST(ComplementarityErrors, ReportsADirectionThatBDoesNotSee) {
  EXPECT_THAT(message_of<RunFailed>({diagonal({-1, -1}), diagonal({1, 0, 0})}),
              HasSubstr("None exists if B[X] = 0 and <alpha, X> < 0"));
}

}  // namespace
}  // namespace thalweg::dynamics
