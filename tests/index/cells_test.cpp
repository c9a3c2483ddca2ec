#include "index/cells.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "thalweg/base/random.hpp"

namespace thalweg::index {
namespace {

Matrix normals(Eigen::Index rows, Eigen::Index columns) {
  Matrix x(rows, columns);
  fill_normal({x.data(), static_cast<std::size_t>(x.size())}, Key{1});
  return x;
}

/// Three cells of 2, 5 and 3 rows.
Cells three_cells() {
  return cells_of({.labels = {1, 0, 2, 1, 1, 0, 2, 1, 2, 1}, .count = 3}, Matrix(10, 0), 1);
}

/// (1/n) sum_c 1 / (m_c - 1) sum over pairs i != j of a cell of v_i . v_j.
double naive_strength(const Cells& cells, const Matrix& v) {
  double total = 0;
  for (std::size_t c = 0; c < cells.count(); ++c) {
    double pairs = 0;
    const std::size_t begin = cells.begins[c], end = cells.begins[c + 1];
    if (end - begin < 2) continue;
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = begin; j < end; ++j) {
        if (i != j) pairs += v.row(cells.rows[i]).dot(v.row(cells.rows[j]));
      }
    }
    total += pairs / static_cast<double>(end - begin - 1);
  }
  return total / static_cast<double>(v.rows());
}

TEST(Cells, HoldTheRowsOfTheirSlices) {
  const Cells cells = three_cells();
  EXPECT_EQ(cells.begins, (std::vector<std::size_t>{0, 2, 7, 10}));
  EXPECT_EQ(cells.rows, (std::vector<std::int32_t>{1, 5, 0, 3, 4, 7, 9, 2, 6, 8}));
}

// Quartiles of the normal law: +-0.6745 and 0.
TEST(Cells, CutSlicesByBinsOfEqualMass) {
  Matrix coordinate(4, 1);
  coordinate << 0.7, -0.7, 0.6, -0.1;
  const Cells cells = cells_of({.labels = {0, 0, 0, 1}, .count = 2}, coordinate, 4);
  EXPECT_EQ(cells.count(), 8U);
  EXPECT_EQ(cells.rows, (std::vector<std::int32_t>{1, 2, 0, 3}));
  EXPECT_EQ(cells.begins, (std::vector<std::size_t>{0, 1, 1, 2, 3, 3, 4, 4, 4}));
}

TEST(Cells, EstimateTheSumOverPairs) {
  const Cells cells = three_cells();
  const Matrix v = normals(10, 4);
  EXPECT_NEAR(estimate_between(cells, v).value, naive_strength(cells, v), 1e-14);
  EXPECT_EQ(strength_between(cells, v), estimate_between(cells, v).value);
}

// The jackknife: the estimate again and again with one row left out.
TEST(Cells, GiveTheJackknifesError) {
  constexpr int n = 10;
  const std::vector<int> labels = {1, 0, 2, 1, 1, 0, 2, 1, 2, 1};
  const Matrix v = normals(n, 3);
  Vector without(n);
  for (int out = 0; out < n; ++out) {
    Slices slices{.labels = {}, .count = 3};
    Matrix rest(n - 1, 3);
    for (int i = 0; i < n; ++i) {
      if (i == out) continue;
      rest.row(std::ssize(slices.labels)) = v.row(i);
      slices.labels.push_back(labels[static_cast<std::size_t>(i)]);
    }
    without[out] = naive_strength(cells_of(slices, Matrix(n - 1, 0), 1), rest);
  }
  const double spread = (without.array() - without.mean()).square().sum();
  EXPECT_NEAR(estimate_between(three_cells(), v).se, std::sqrt((n - 1.0) / n * spread), 1e-13);
}

// E[b_i | cell] E[b_j | cell]: the trace is the strength of the same functions.
TEST(Cells, GiveTheMomentsOfABasis) {
  const Matrix z = normals(10, 3);
  const HermiteBasis basis(2, 2);
  const Matrix rest = Matrix::Identity(3, 3).rightCols(2);
  const Matrix values = basis.values(Matrix(z * rest));
  const Matrix moments = moments_between(three_cells(), z, rest, basis, 2);
  EXPECT_NEAR(moments.trace(), naive_strength(three_cells(), values), 1e-14);
  EXPECT_NEAR(moments(0, 0), naive_strength(three_cells(), values.col(0)), 1e-14);
  EXPECT_LT((moments - moments.transpose()).norm(), 1e-14);
}

// sd^2 = 2 sum_c size m_c / (m_c - 1) / n^2 = 2 (2 + 5/4 + 3/2) 3 / 100.
TEST(Cells, KnowTheNullLaw) {
  EXPECT_NEAR(null_deviation(three_cells(), 3), std::sqrt(0.285), 1e-15);
  // Chi-square with 3 and with 60 degrees of freedom at 0.995: 12.8382 and 91.9517.
  EXPECT_NEAR(resolvable(three_cells(), 1, 0.005), (12.8382 - 3) / 10, 1e-2);
  EXPECT_NEAR(resolvable(three_cells(), 20, 0.005), (91.9517 - 60) / 10, 1e-2);
}

TEST(Cells, HaveTwentyRowsOrMore) {
  EXPECT_EQ(bins_for(20'000, 5, 1), 25);
  EXPECT_EQ(bins_for(2000, 5, 1), 20);
  EXPECT_EQ(bins_for(2000, 5, 2), 4);
  EXPECT_EQ(bins_for(150, 5, 1), 1);
}

}  // namespace
}  // namespace thalweg::index
