#include "thalweg/index/inverse_regression.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "index/sample_table.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/estimators.hpp"
#include "thalweg/index/slices.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

using estimation::overlap_squared;

Matrix found_by(const std::string& method,
                const SampleTable& table,
                int directions = 1,
                std::int64_t n = 0) {
  const std::vector<std::int64_t> samples = {n == 0 ? table.rows() : n};
  return make_estimator(method)
      ->estimate(table, {.directions = directions}, samples, {})
      .at(0)
      .directions;
}

// The textbook: rows standardised by the inverse square root of their covariance, M by its
// definition, eigenvectors mapped back.
Matrix textbook(const std::string& method, const SampleTable& table, int directions) {
  const Eigen::Index n = table.x().rows(), d = table.x().cols();
  const Matrix centred = table.x().rowwise() - table.x().colwise().mean();
  const auto eigen =
      linalg::symmetric_eigen(centred.transpose() * centred / static_cast<double>(n));
  const Matrix root = eigen.vectors * eigen.values.cwiseSqrt().cwiseInverse().asDiagonal() *
                      eigen.vectors.transpose();
  const Matrix z = centred * root;
  const Slices slices = slices_of({table.y().data(), static_cast<std::size_t>(n)}, 10);
  Matrix m = Matrix::Zero(d, d);
  if (method == "phd") {
    for (Eigen::Index i = 0; i < n; ++i)
      m += (table.y()[i] - table.y().mean()) * z.row(i).transpose() * z.row(i);
    const Matrix square = m * m;  // the same eigenvectors, ordered by modulus
    return linalg::orthonormal_basis(root * linalg::leading_eigenpairs(square, directions).vectors);
  }
  for (int b = 0; b < slices.count; ++b) {
    Vector mean = Vector::Zero(d);
    double rows = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (slices.labels[static_cast<std::size_t>(i)] != b) continue;
      mean += z.row(i);
      ++rows;
    }
    mean /= rows;
    Matrix covariance = Matrix::Zero(d, d);
    for (Eigen::Index i = 0; i < n; ++i) {
      if (slices.labels[static_cast<std::size_t>(i)] != b) continue;
      const Vector difference = z.row(i).transpose() - mean;
      covariance += difference * difference.transpose() / rows;
    }
    const Matrix deviation = Matrix::Identity(d, d) - covariance;
    m += rows * (method == "sir" ? Matrix(mean * mean.transpose()) : Matrix(deviation * deviation));
  }
  return linalg::orthonormal_basis(root * linalg::leading_eigenpairs(m, directions).vectors);
}

SampleTable interaction_table(Eigen::Index n, Eigen::Index d) {
  return {n, d, Key{81}, [](const double* x) { return x[0] + x[0] * x[1] + 0.1 * x[2]; }};
}

TEST(InverseRegression, EqualsTheTextbook) {
  // Correlated columns far from 0.
  Matrix x =
      interaction_table(400, 6).x() * (Matrix::Identity(6, 6) + 0.3 * normal_matrix(6, 6, Key{82}));
  x.array() += 100;
  const SampleTable table(x, interaction_table(400, 6).y());
  for (const char* method : {"sir", "save", "phd"}) {
    for (const int r : {1, 2}) {
      const Matrix found = found_by(method, table, r), expected = textbook(method, table, r);
      ASSERT_EQ(found.cols(), r);
      EXPECT_NEAR(overlap_squared(expected, found), 1, 1e-10) << method << r;
    }
  }
}

// x -> x A maps a direction b to A^{-1} b.
TEST(InverseRegression, FollowsAffineMaps) {
  const SampleTable table = interaction_table(300, 5);
  const Matrix a = Matrix::Identity(5, 5) + 0.4 * normal_matrix(5, 5, Key{83});
  for (const char* method : {"ols", "sir", "save", "phd"}) {
    const Matrix direct = found_by(method, table);
    const Matrix mapped = a * found_by(method, table.times(a));
    EXPECT_NEAR(overlap_squared(direct, mapped.normalized()), 1, 1e-10) << method;
  }
}

TEST(OrdinaryLeastSquares, IsExactForALinearResponse) {
  Matrix x = normal_matrix(40, 6, Key{84});
  x.col(2).array() += 50;
  const Vector b = normal_matrix(6, 1, Key{85}), y = (x * b).array() + 3;
  const Matrix found = found_by("ols", SampleTable(x, y));
  EXPECT_NEAR(overlap_squared(b.normalized(), found), 1, 1e-12);
}

// What each can see: the others stay near the 1/d of a random direction. d = 20, n = 4000; with
// noise of order sqrt(d / n) in a direction, overlaps above .9 and below .3 are beyond any doubt.
TEST(InverseRegression, SeesTheOrdersItCan) {
  struct Row {
    std::string link;
    std::function<double(const double*)> f;
    std::vector<std::string> see, blind;
  };
  const std::vector<Row> rows = {
      {"tanh", [](const double* x) { return std::tanh(x[0]); }, {"ols", "sir", "save"}, {"phd"}},
      {"z^2", [](const double* x) { return x[0] * x[0]; }, {"save", "phd"}, {"ols", "sir"}},
      {"sign(z)", [](const double* x) { return x[0] > 0 ? 1.0 : -1.0; }, {"ols", "sir"}, {"phd"}}};
  for (const Row& row : rows) {
    const SampleTable table(4000, 20, Key{86}, row.f);
    Matrix truth = Matrix::Zero(20, 1);
    truth(0, 0) = 1;
    for (const auto& method : row.see)
      EXPECT_GT(overlap_squared(truth, found_by(method, table)), 0.9) << row.link << ' ' << method;
    for (const auto& method : row.blind)
      EXPECT_LT(overlap_squared(truth, found_by(method, table)), 0.3) << row.link << ' ' << method;
  }
}

TEST(BatchEstimators, LookAtTheFirstRowsOnly) {
  const SampleTable table = interaction_table(300, 5);
  const std::vector<std::int64_t> sizes = {50, 120, 300};
  for (const char* method : {"ols", "sir", "save", "phd"}) {
    const auto found = make_estimator(method)->estimate(table, {}, sizes, {.threads = 2});
    ASSERT_EQ(found.size(), 3);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(found[i].directions, found_by(method, table, 1, sizes[i])) << method;
  }
}

TEST(BatchEstimators, ApplyTheLabelTransform) {
  const SampleTable table = interaction_table(300, 5);
  const SampleTable cubed(table.x(), table.y().array().cube());
  const std::vector<std::int64_t> samples = {300};
  for (const char* method : {"ols", "sir", "save", "phd"}) {
    const auto found = make_estimator(method)->estimate(
        table, {.label_transform = [](double y) { return y * y * y; }}, samples, {});
    EXPECT_NEAR(overlap_squared(found_by(method, cubed), found[0].directions), 1, 1e-12) << method;
  }
}

TEST(BatchEstimators, SayWhatIsWrong) {
  const SampleTable table = interaction_table(30, 5);
  const auto message = [](auto f) { return testing::message_of<Error>(f); };
  const auto run = [&](const SampleTable& source, std::vector<std::int64_t> samples, int r = 1) {
    return make_estimator("sir")->estimate(source, {.directions = r}, samples, {});
  };
  EXPECT_EQ(message([&] {
              run(table, {20, 20});
            }),
            "[sir] sample sizes must ascend from 1 to the 30 rows; got 20 after 20.");
  EXPECT_EQ(message([&] { run(table, {31}); }),
            "[sir] sample sizes must ascend from 1 to the 30 rows; got 31 after 0.");
  EXPECT_EQ(message([&] { run(table, {30}, 6); }),
            "[sir] can find 1 to the 5 dimensions' directions; got 6.");
  Matrix x = table.x();
  x.col(3) = x.col(1) - 2 * x.col(2);
  EXPECT_EQ(message([&] { run(SampleTable(x, table.y()), {30}); }),
            "[sir] column 4 is a combination of those before it; drop it.");
  x.col(3).setConstant(5);
  EXPECT_EQ(message([&] { run(SampleTable(x, table.y()), {30}); }),
            "[sir] column 4 does not vary; drop it.");
  x(7, 3) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message([&] { run(SampleTable(x, table.y()), {30}); }),
            "[sir] row 8 holds a NaN or an infinity; transform or drop such rows.");
  const auto few = run(table, {5});
  EXPECT_EQ(few[0].directions.cols(), 0);
  EXPECT_EQ(few[0].note, "sir needs more rows than columns; got 5 and 5.");
}

}  // namespace
}  // namespace thalweg::index
