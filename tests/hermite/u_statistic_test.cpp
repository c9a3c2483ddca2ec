#include "thalweg/hermite/u_statistic.hpp"

#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include <Eigen/QR>
#include <gtest/gtest.h>

#include "support/dense_hermite.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/hermite/pairwise.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::hermite {
namespace {

Matrix normal_matrix(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal(std::span<double>(x.data(), static_cast<std::size_t>(x.size())), key);
  return x;
}

// Every pair by itself.
Matrix naive(int k, const Matrix& x, const Matrix& kernel) {
  const Eigen::Index n = x.rows(), d = x.cols();
  Matrix sum = Matrix::Zero(d, d);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      if (i == j) continue;
      const PairCoefficients c = pair_coefficients(k,
                                                   {.s = x.row(i).dot(x.row(j)),
                                                    .p = x.row(i).squaredNorm(),
                                                    .q = x.row(j).squaredNorm(),
                                                    .d = static_cast<double>(d)});
      const Matrix outer = x.row(i).transpose() * x.row(j);
      sum +=
          kernel(i, j) *
          (c.outer * outer + c.swapped * outer.transpose() + c.identity * Matrix::Identity(d, d) +
           c.own * (x.row(i).transpose() * x.row(i) + x.row(j).transpose() * x.row(j)));
    }
  }
  return sum / (std::tgamma(k + 1.0) * static_cast<double>(n * (n - 1)));
}

// Products of small blocks: threads of BLAS would wait for each other.
class UStatisticTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { set_blas_threads(1); }
};

using TraceScoresTest = UStatisticTest;

void expect_near(const Matrix& found, const Matrix& expected, double relative = 1e-12) {
  EXPECT_LE((found - expected).cwiseAbs().maxCoeff(), relative * expected.cwiseAbs().maxCoeff());
}

TEST_F(UStatisticTest, EqualsDenseUnfoldings) {
  const Matrix x = normal_matrix(6, 4, Key{31}), psi = normal_matrix(6, 3, Key{32});
  const Matrix kernel = psi * psi.transpose();
  for (int k = 1; k <= 4; ++k) {
    Matrix sum = Matrix::Zero(4, 4);
    for (Eigen::Index i = 0; i < 6; ++i) {
      for (Eigen::Index j = 0; j < 6; ++j) {
        if (i == j) continue;
        sum += kernel(i, j) * testing::dense_hermite(k, x.row(i)).unfolded() *
               testing::dense_hermite(k, x.row(j)).unfolded().transpose();
      }
    }
    expect_near(u_statistic_by_pairs(k, x, psi).matrix, sum / 30, 1e-13);
  }
}

// Numbers of rows around a block of 256, several blocks, and any number of threads.
TEST_F(UStatisticTest, EqualsANaiveSumOverPairs) {
  for (const Eigen::Index n : {2, 37, 255, 256, 257, 700}) {
    const Matrix x = normal_matrix(n, 5, Key{33}), psi = normal_matrix(n, 3, Key{34});
    for (int k = 1; k <= 4; ++k) {
      const Matrix expected = naive(k, x, psi * psi.transpose());
      expect_near(u_statistic_by_pairs(k, x, psi).matrix, expected);
      expect_near(u_statistic(k, x, psi).matrix, expected);
      if (k <= 2) expect_near(u_statistic_by_features(k, x, psi).matrix, expected);
    }
  }
}

TEST_F(UStatisticTest, IsTheSameToTheBitOnAnyNumberOfThreads) {
  const Matrix x = normal_matrix(1500, 6, Key{35}), psi = normal_matrix(1500, 5, Key{36});
  std::vector<int> classes(1500);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<int>(i * i % 7);
  for (int k = 1; k <= 4; ++k) {
    for (const int threads : {2, 5}) {
      EXPECT_EQ(u_statistic(k, x, psi, threads).matrix, u_statistic(k, x, psi).matrix);
      EXPECT_EQ(u_statistic_of_classes(k, x, classes, threads).matrix,
                u_statistic_of_classes(k, x, classes).matrix);
    }
  }
}

// Seven classes of unequal size, one of them a single row, and three.
TEST_F(UStatisticTest, OfClassesEqualsItsKernel) {
  const Eigen::Index n = 90;
  const Matrix x = normal_matrix(n, 4, Key{37});
  for (const int count : {3, 7}) {
    std::vector<int> classes(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
      classes[static_cast<std::size_t>(i)] = i == 11 ? 0 : 1 + i * i % (count - 1);
    std::vector<double> share(static_cast<std::size_t>(count), 0);
    for (const int c : classes) share[static_cast<std::size_t>(c)] += 1.0 / static_cast<double>(n);
    for (int k = 1; k <= 4; ++k) {
      const double base = k > 2 && count == 7 ? 0 : 1;
      Matrix kernel(n, n);
      double squares = 0;
      for (Eigen::Index i = 0; i < n; ++i) {
        for (Eigen::Index j = 0; j < n; ++j) {
          const int a = classes[static_cast<std::size_t>(i)],
                    b = classes[static_cast<std::size_t>(j)];
          kernel(i, j) = (a == b ? 1 / share[static_cast<std::size_t>(a)] : 0) - base;
          if (i != j) squares += kernel(i, j) * kernel(i, j) / static_cast<double>(n * (n - 1));
        }
      }
      const UStatistic found = u_statistic_of_classes(k, x, classes);
      expect_near(found.matrix, naive(k, x, kernel));
      const double size[] = {4, 10, 20, 35};  // C(k + 3, k)
      EXPECT_NEAR(found.trace_sd,
                  std::sqrt(2 * squares * size[k - 1] / static_cast<double>(n * (n - 1))),
                  1e-12);
    }
  }
}

TEST_F(UStatisticTest, TurnsWithTheRows) {  // U(XQ) = Q^T U Q
  const Matrix x = normal_matrix(40, 5, Key{38}), psi = normal_matrix(40, 2, Key{39});
  const Matrix q = Eigen::HouseholderQR<Matrix>(normal_matrix(5, 5, Key{40})).householderQ();
  for (int k = 1; k <= 4; ++k) {
    const Matrix turned = u_statistic(k, x * q, psi).matrix;
    expect_near(turned, q.transpose() * u_statistic(k, x, psi).matrix * q);
  }
}

TEST_F(UStatisticTest, DoesNotDependOnTheOrderOfRows) {
  const Matrix x = normal_matrix(300, 5, Key{41}), psi = normal_matrix(300, 2, Key{42});
  const auto order = random_permutation(300, Key{43});
  Matrix x2 = x, psi2 = psi;
  for (Eigen::Index i = 0; i < 300; ++i) {
    x2.row(i) = x.row(order[static_cast<std::size_t>(i)]);
    psi2.row(i) = psi.row(order[static_cast<std::size_t>(i)]);
  }
  for (int k = 1; k <= 4; ++k)
    expect_near(u_statistic(k, x2, psi2).matrix, u_statistic(k, x, psi).matrix);
}

// A constant kernel, or one that knows nothing of x: z has mean 0 and deviation 1. With 500 runs
// the mean of z has deviation 0.045 and its deviation an error of 0.032 plus what heavy tails add:
// bounds 0.15 and 0.07 are more than two of them, and three for the mean.
TEST_F(UStatisticTest, TraceIsCalibratedUnderTheNull) {
  const int runs = 500;
  for (int k = 1; k <= 3; ++k) {
    for (const bool constant : {true, false}) {
      double sum = 0, squares = 0;
      for (std::uint64_t run = 0; run < runs; ++run) {
        const Matrix x = normal_matrix(400, 20, Key{44, run});
        std::vector<int> classes(400);
        for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<int>(i % 10);
        const double z = constant ? u_statistic(k, x, Matrix::Ones(400, 1)).z()
                                  : u_statistic_of_classes(k, x, classes).z();
        sum += z / runs;
        squares += z * z / runs;
      }
      EXPECT_NEAR(sum, 0, 0.15) << k;
      EXPECT_NEAR(std::sqrt(squares - sum * sum), 1, 0.07) << k << constant;
    }
  }
}

// Tracy and Widom's law is that of large matrices: at d = 30 the three largest eigenvalues are to
// be right within half a deviation and the largest one's deviation within 40 %, for few classes,
// many, and features. With 100 runs the errors are 0.1 and 0.07.
TEST_F(UStatisticTest, EigenvaluesAreCalibratedUnderTheNull) {
  const int runs = 100, n = 2400, d = 30;
  for (int k = 1; k <= 2; ++k) {
    for (const int labels : {0, 4, 10, 60}) {  // 0: features
      Vector sum = Vector::Zero(3);
      double squares = 0;
      for (std::uint64_t run = 0; run < runs; ++run) {
        const Matrix x = normal_matrix(n, d, Key{47, run});
        std::vector<int> classes(n);
        for (int i = 0; i < n && labels > 0; ++i) classes[static_cast<std::size_t>(i)] = i % labels;
        const UStatistic u = labels > 0 ? u_statistic_of_classes(k, x, classes)
                                        : u_statistic(k, x, normal_matrix(n, 5, Key{48, run}));
        const Vector z = u.prominence(linalg::leading_eigenpairs(u.matrix, 3).values);
        sum += z / runs;
        squares += z[0] * z[0] / runs;
      }
      EXPECT_LT(sum.cwiseAbs().maxCoeff(), 0.5) << k << " " << labels << ": " << sum.transpose();
      EXPECT_NEAR(std::sqrt(squares - sum[0] * sum[0]), 1, 0.4) << k << " " << labels;
    }
  }
}

// y = sign(z1 ... zr) with K = y y': E U = (2/pi)^r / r times the projector on the r directions.
TEST_F(UStatisticTest, EstimatesTheProjectorOfAParity) {
  for (const int r : {2, 3}) {
    const Eigen::Index n = 8000, d = 6;
    const int repeats = 20;
    Matrix mean = Matrix::Zero(d, d), squares = Matrix::Zero(d, d);
    for (std::uint64_t repeat = 0; repeat < repeats; ++repeat) {
      const Matrix x = normal_matrix(n, d, Key{45, repeat});
      const Matrix y = x.leftCols(r).rowwise().prod().array().sign();
      const Matrix u = u_statistic(r, x, y).matrix;
      mean += u / repeats;
      squares += u.cwiseProduct(u) / repeats;
    }
    const double value = std::pow(2 / std::numbers::pi, r) / r;  // 0.2026424, 0.0860037
    for (Eigen::Index a = 0; a < d; ++a) {
      for (Eigen::Index b = 0; b <= a; ++b) {
        const double error = std::sqrt((squares(a, b) - mean(a, b) * mean(a, b)) / (repeats - 1));
        EXPECT_NEAR(mean(a, b), a == b && a < r ? value : 0, 5 * error) << r << a << b;
      }
    }
  }
}

TEST_F(TraceScoresTest, AreThoseOfTheMatrices) {
  for (const Eigen::Index n : {40, 300}) {
    const Matrix x = normal_matrix(n, 5, Key{47}), t = normal_matrix(n, 3, Key{48});
    for (int k = 1; k <= 4; ++k) {
      const Vector scores = trace_scores(k, x, t, 2);
      for (Eigen::Index l = 0; l < 3; ++l)
        EXPECT_NEAR(scores[l], u_statistic(k, x, t.col(l)).z(), 1e-10);
    }
  }
}

TEST_F(TraceScoresTest, TakeHigherOrders) {  // by pairs of F_k, from the scalar recursion
  const Eigen::Index n = 12;
  const Matrix x = normal_matrix(n, 4, Key{49}), t = normal_matrix(n, 1, Key{50});
  for (const int k : {5, 6, 12}) {
    double sum = 0, squares = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        if (i == j) continue;
        sum += t(i, 0) * t(j, 0) *
               pair_form(k,
                         {.s = x.row(i).dot(x.row(j)),
                          .p = x.row(i).squaredNorm(),
                          .q = x.row(j).squaredNorm(),
                          .d = 4}) /
               std::tgamma(k + 1.0);
        squares += t(i, 0) * t(i, 0) * t(j, 0) * t(j, 0);
      }
    }
    const double size = std::tgamma(k + 4.0) / std::tgamma(k + 1.0) / 6;  // C(k + 3, k)
    EXPECT_NEAR(trace_scores(k, x, t)[0], sum / std::sqrt(2 * squares * size), 1e-10) << k;
  }
}

TEST_F(UStatisticTest, NamesWhatDoesNotFit) {
  const Matrix x = normal_matrix(5, 2, Key{46});
  const auto message = [](auto f) { return testing::message_of<InvalidArgument>(f); };
  EXPECT_EQ(message([&] { u_statistic_by_pairs(5, x, x); }),
            "[hermite::u_statistic_by_pairs] the order must be 1 to 4; got 5.");
  EXPECT_EQ(message([&] { u_statistic_by_features(3, x, x); }),
            "[hermite::u_statistic_by_features] the order must be 1 to 2; got 3.");
  EXPECT_EQ(message([&] { u_statistic(1, x, Matrix::Ones(4, 1)); }),
            "[hermite::u_statistic_by_features] needs a label for each of the 5 rows; got 4.");
  EXPECT_EQ(message([&] { u_statistic(1, x.topRows(1), Matrix::Ones(1, 1)); }),
            "[hermite::u_statistic_by_features] needs two rows or more; got 1.");
  EXPECT_EQ(message([&] {
              u_statistic_of_classes(1, x, std::vector<int>{0, 1, -1, 0, 1});
            }),
            "[hermite::u_statistic_of_classes] classes count from 0; got -1.");
}

}  // namespace
}  // namespace thalweg::hermite
