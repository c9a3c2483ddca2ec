#include "thalweg/index/symmetric_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/hermite/contraction.hpp"

namespace thalweg::testing {
namespace {

using index::SymmetricBasis;
using index::SymmetricTensor;

/// The d^k entries of a symmetric tensor, the last index fastest.
struct Dense {
  int order, dimension;
  std::vector<double> entries;

  template <typename Visit>
  void for_each(Visit visit) const {
    std::vector<int> index(static_cast<std::size_t>(order), 0);
    for (const double entry : entries) {
      visit(index, entry);
      for (std::size_t j = index.size(); j-- > 0 && ++index[j] == dimension;) index[j] = 0;
    }
  }
};

std::vector<double> random_coordinates(int order, int d) {
  std::vector<double> coordinates(static_cast<std::size_t>(SymmetricBasis(order, d).size()));
  fill_normal(std::span<double>(coordinates), Key{static_cast<std::uint64_t>(10 * order + d)});
  return coordinates;
}

Dense dense(int order, int d, const std::vector<double>& coordinates) {
  const SymmetricBasis basis(order, d);
  Dense out{order, d, std::vector<double>(static_cast<std::size_t>(std::pow(d, order)))};
  std::size_t at = 0;
  out.for_each([&](std::vector<int> index, double) {
    std::ranges::sort(index);
    const auto place = basis.place(index);
    out.entries[at++] = coordinates[static_cast<std::size_t>(place)] / basis.scales()[place];
  });
  return out;
}

Matrix random_points(int rows, int d) {
  Matrix points(rows, d);
  fill_normal(std::span<double>(points.data(), static_cast<std::size_t>(points.size())), Key{3});
  return points;
}

TEST(SymmetricBasis, PlacesEveryMultiIndexOnce) {
  for (int order = 0; order <= 5; ++order) {
    const SymmetricBasis basis(order, 4);
    std::int64_t count = 0;
    basis.for_each([&](std::int64_t place, std::span<const int> sorted) {
      EXPECT_TRUE(std::ranges::is_sorted(sorted));
      EXPECT_EQ(basis.place(sorted), place);
      EXPECT_EQ(place, count++);
    });
    EXPECT_EQ(count,
              std::llround(std::tgamma(4 + order) / std::tgamma(4) / std::tgamma(order + 1)));
    // Equal entries of all multi-indices together are all d^q of them.
    EXPECT_NEAR(basis.scales().squaredNorm(), std::pow(4, order), 1e-9);
  }
}

TEST(SymmetricBasis, PowersKeepInnerProducts) {
  const Matrix points = random_points(3, 5);
  for (int order = 1; order <= 5; ++order) {
    const Matrix powers = SymmetricBasis(order, 5).powers(points);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        EXPECT_NEAR(powers.row(i).dot(powers.row(j)),
                    std::pow(points.row(i).dot(points.row(j)), order),
                    1e-12 * std::pow(points.row(i).norm() * points.row(j).norm(), order));
      }
    }
  }
}

TEST(SymmetricTensor, ContractsAsTheDenseTensor) {
  constexpr int kD = 4;
  const Matrix points = random_points(3, kD);
  for (int order = 2; order <= 5; ++order) {
    const auto coordinates = random_coordinates(order, kD);
    const Dense all = dense(order, kD, coordinates);
    Matrix expected = Matrix::Zero(3, kD);
    for (int r = 0; r < 3; ++r) {
      all.for_each([&](const std::vector<int>& index, double entry) {
        for (std::size_t j = 1; j < index.size(); ++j) entry *= points(r, index[j]);
        expected(r, index[0]) += entry;
      });
    }
    const Matrix got = SymmetricTensor(order, kD, coordinates).contract(points);
    EXPECT_LT((got - expected).norm(), 1e-13 * expected.norm()) << order;
  }
}

TEST(SymmetricTensor, TracesAsTheDenseTensor) {
  constexpr int kD = 4;
  for (int order = 2; order <= 5; ++order) {
    const auto coordinates = random_coordinates(order, kD);
    const bool odd = order % 2 == 1;
    Matrix expected = Matrix::Zero(kD, odd ? 1 : kD);
    dense(order, kD, coordinates).for_each([&](const std::vector<int>& index, double entry) {
      for (std::size_t j = odd ? 1 : 2; j < index.size(); j += 2) {
        if (index[j] != index[j + 1]) return;
      }
      expected(index[0], odd ? 0 : index[1]) += entry;
    });
    const Matrix got = SymmetricTensor(order, kD, coordinates).partial_trace();
    ASSERT_EQ(got.cols(), expected.cols());
    EXPECT_LT((got - expected).norm(), 1e-13 * expected.norm()) << order;
  }
}

TEST(SymmetricTensor, UnfoldingKeepsTheNorm) {
  for (int order = 2; order <= 5; ++order) {
    const auto coordinates = random_coordinates(order, 5);
    const double norm =
        Eigen::Map<const Vector>(coordinates.data(), static_cast<Eigen::Index>(coordinates.size()))
            .norm();
    EXPECT_NEAR(SymmetricTensor(order, 5, coordinates).unfolding().norm(), norm, 1e-13 * norm);
  }
}

TEST(HermiteTensor, ContractsAsTheImplicitOne) {
  constexpr int kRows = 300, kD = 6;
  Matrix x(kRows, kD);
  Vector t(kRows);
  fill_normal(std::span<double>(x.data(), kRows * kD), Key{4});
  fill_normal(std::span<double>(t.data(), kRows), Key{5});
  const std::span<const double> weights(t.data(), kRows);
  const Vector v = random_points(1, kD).row(0).transpose().normalized();
  for (const int k : {2, 3}) {
    const Vector expected = hermite::contract_to_vector(k, x, weights, v) / kRows;
    const auto tensor = index::hermite_tensor(k, x, weights);
    const Vector got = tensor.contract(Matrix(v.transpose())).row(0).transpose();
    EXPECT_LT((got - expected).norm(), 1e-13 * expected.norm()) << k;
  }
  EXPECT_LT((index::hermite_tensor(3, x, weights).partial_trace() -
             hermite::partial_trace_vector(3, x, weights) / kRows)
                .norm(),
            1e-13);
}

TEST(SymmetricTensor, RefusesWhatCannotBe) {
  EXPECT_THROW(SymmetricTensor(6, 4, random_coordinates(6, 4)), InvalidArgument);
  EXPECT_THROW(SymmetricTensor(3, 4, random_coordinates(3, 5)), InvalidArgument);
  EXPECT_THROW(index::hermite_tensor(4, random_points(2, 3), std::vector<double>(2)),
               InvalidArgument);
}

}  // namespace
}  // namespace thalweg::testing
