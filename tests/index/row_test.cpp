#include "index/kernels/row.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "index/sphere_walker.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::testing {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

template <typename T>
class RowKernels : public ::testing::Test {
 protected:
  // Rows of every length around the edges of vectors, not aligned.
  template <typename Check>
  void for_lengths(Check check) {
    for (std::size_t n = 1; n <= 67; ++n) {
      std::vector<T> x(n + 1);
      std::vector<double> w(n + 1);
      fill_normal(std::span<T>(x), Key{n});
      fill_normal(std::span<double>(w), Key{n + 1000});
      check(std::span<const T>(x).subspan(1), std::span<double>(w).subspan(1));
    }
  }
};

using RowTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RowKernels, RowTypes);

TYPED_TEST(RowKernels, ProductsEqualPlainLoops) {
  this->for_lengths([](auto x, auto w) {
    double dot = 0, norm2 = 0, moduli = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      dot += double{x[i]} * w[i];
      moduli += std::abs(double{x[i]} * w[i]);
      norm2 += double{x[i]} * double{x[i]};
    }
    const auto products = index::kernels::row_products(x, w);
    const double terms = static_cast<double>(x.size());
    EXPECT_NEAR(products.dot, dot, terms * kEpsilon * moduli);
    EXPECT_NEAR(products.norm2, norm2, terms * kEpsilon * norm2);
  });
}

TYPED_TEST(RowKernels, CombiningEqualsAPlainLoop) {
  this->for_lengths([](auto x, auto w) {
    std::vector<double> expected;
    double norm2 = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      expected.push_back(0.7 * w[i] - 1.3 * double{x[i]});
      norm2 += expected[i] * expected[i];
    }
    const double got = index::kernels::combine_with_row(x, 0.7, -1.3, w);
    EXPECT_NEAR(got, norm2, 2 * static_cast<double>(x.size()) * kEpsilon * norm2);
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(w[i], expected[i], 1e-15);
  });
}

TEST(AddScaled, EqualsAPlainLoop) {
  for (std::size_t n = 1; n <= 35; ++n) {
    std::vector<double> w(n), sum(n, 0.5);
    fill_normal(std::span<double>(w), Key{n});
    index::kernels::add_scaled(w, -0.3, sum);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(sum[i], 0.5 - 0.3 * w[i], 1e-15);
  }
}

TEST(SphereWalker, StaysOnTheSphereForAMillionSteps) {
  constexpr int kD = 21, kRows = 1000;
  std::vector<float> x(kD * kRows);
  fill_normal(std::span<float>(x), Key{1});
  index::SphereWalker walker(index::uniform_direction(kD, Key{2}));
  for (int step = 0; step < 1'000'000; ++step) {
    const auto row =
        std::span<const float>(x).subspan(static_cast<std::size_t>(step % kRows * kD), kD);
    const auto sight = walker.see(row);
    const double g = step % 2 == 0 ? -0.05 : 0.04;
    walker.move(row, g, g * sight.a);
  }
  EXPECT_NEAR(walker.unit().norm(), 1, 1e-12);
}

TEST(SphereWalker, MovesAlongTheTangentThenRenormalises) {
  const Vector start = index::uniform_direction(9, Key{3});
  const Vector x = 3 * index::uniform_direction(9, Key{4});
  const std::span<const double> row(x.data(), 9);
  index::SphereWalker walker(start);
  const auto sight = walker.see(row);
  EXPECT_NEAR(sight.a, start.dot(x), 1e-15);
  EXPECT_NEAR(sight.b, (x - sight.a * start).norm(), 1e-15);
  walker.move(row, 0.3, 0.3 * sight.a);
  const Vector moved = start + 0.3 * (x - sight.a * start);
  EXPECT_LT((walker.unit() - moved.normalized()).norm(), 1e-15);
  Vector sum = Vector::Ones(9);
  walker.add_to(sum);
  EXPECT_LT((sum - Vector::Ones(9) - walker.unit()).norm(), 1e-15);
}

TEST(SphereWalker, StepsAreClippedInLength) {
  EXPECT_EQ(index::clipped(0.1, 4, 0.5), 0.1);
  EXPECT_EQ(index::clipped(0.2, 4, 0.5), 0.125);
  EXPECT_EQ(index::clipped(-9, 4, 0.5), -0.125);
}

}  // namespace
}  // namespace thalweg::testing
