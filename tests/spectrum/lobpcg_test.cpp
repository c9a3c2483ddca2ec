#include "thalweg/spectrum/lobpcg.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/prescribed_spectrum.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::spectrum {
namespace {

using testing::CountingOperator;
using ::testing::HasSubstr;
using testing::PrescribedSpectrum;
using testing::random_block;
using testing::sin_theta;
using testing::with_bulk;

// Relative residual asked for, and the relative error of eigenvalues and of orthonormality that
// rounding explains: a few dozen roundings of the operator, the inner products and the
// combinations.
struct Tolerances {
  double residual;
  double rounding;
};

Tolerances tolerances(at::ScalarType dtype) {
  return dtype == at::kFloat ? Tolerances{2e-6, 5e-6} : Tolerances{1e-10, 1e-13};
}

double scale(const EigenPairs& pairs) { return pairs.values.abs().max().item<double>(); }

double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

double value(const EigenPairs& pairs, std::int64_t i) { return pairs.values[i].item<double>(); }

/// What must hold for any result: orthonormal vectors, products that are A times the vectors,
/// residuals that are those of the pairs, all recomputed in float64.
void expect_consistent(const EigenPairs& pairs, const LinearOperator& a) {
  const auto rounding = tolerances(pairs.vectors.scalar_type()).rounding;
  const at::Tensor u = pairs.vectors.to(at::kDouble);
  const at::Tensor au = a(u);
  EXPECT_LT(largest(u.t().mm(u) - at::eye(u.size(1), at::kDouble)), rounding);
  EXPECT_LT(largest((pairs.products.to(at::kDouble) - au).norm(2, 0)), rounding * scale(pairs));
  const at::Tensor residual_norms = (au - u * pairs.values).norm(2, 0);
  EXPECT_LT(largest(residual_norms - pairs.residual_norms), rounding * scale(pairs));
  EXPECT_EQ(pairs.vectors.stride(0), 1);
  EXPECT_EQ(pairs.values.scalar_type(), at::kDouble);
}

class LobpcgTest : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  LobpcgTest() {
    at::set_num_threads(1);
    set_blas_threads(1);
  }
  Tolerances tolerance() const { return tolerances(GetParam()); }
  at::Tensor start(std::int64_t n, std::int64_t k) const {
    return random_block(n, k, Key{2, 7}, GetParam());
  }
};

// Davis-Kahan: ||sin Theta|| <= ||R|| / gap for the invariant subspace of the leading k.
void expect_leading_subspace(const EigenPairs& pairs,
                             const PrescribedSpectrum& a,
                             std::int64_t k,
                             double rounding) {
  const double gap = a.eigenvalue(k - 1) - a.eigenvalue(k);
  const double residual = pairs.residual_norms.norm().item<double>() + rounding * scale(pairs);
  EXPECT_LT(sin_theta(pairs.vectors, a.leading(k)), 2 * residual / gap);
  for (std::int64_t i = 0; i < k; ++i) {
    EXPECT_NEAR(value(pairs, i), a.eigenvalue(i), residual) << "pair " << i;
  }
}

TEST_P(LobpcgTest, RecoversPrescribedLeadingPairs) {
  for (const std::int64_t n : {31, 32, 33, 100, 500}) {
    for (std::int64_t k = 1; k <= 6; ++k) {
      SCOPED_TRACE("n = " + std::to_string(n) + ", k = " + std::to_string(k));
      const PrescribedSpectrum a(with_bulk({9, 8, 7, 6, 5, 4}, n - 6, -0.5, 2), Key{1});
      const auto found = lobpcg(a, start(n, k), {.tolerance = tolerance().residual});
      ASSERT_EQ(found.status, Status::kConverged) << found.message;
      expect_consistent(found, a);
      expect_leading_subspace(found, a, k, tolerance().rounding);
      EXPECT_LE(largest(found.residual_norms), tolerance().residual * scale(found));
    }
  }
}

TEST_P(LobpcgTest, SolvesSmallMatricesDensely) {
  for (const std::int64_t n : {1, 2, 3, 5, 10, 30}) {
    for (std::int64_t k = std::max<std::int64_t>(1, (n + 4) / 5); k <= std::min<std::int64_t>(n, 6);
         ++k) {
      SCOPED_TRACE("n = " + std::to_string(n) + ", k = " + std::to_string(k));
      const PrescribedSpectrum a(with_bulk({3}, n - 1, -2, 2), Key{1});
      const auto found = lobpcg(a, start(n, k));
      EXPECT_EQ(found.status, Status::kConverged);
      EXPECT_EQ(found.operator_columns, n);
      expect_consistent(found, a);
      for (std::int64_t i = 0; i < k; ++i) {
        EXPECT_NEAR(value(found, i), a.eigenvalue(i), 3 * tolerance().rounding);
      }
    }
  }
}

// A cluster is one invariant subspace: its vectors are arbitrary inside it, the subspace is not.
TEST_P(LobpcgTest, ResolvesClusters) {
  for (const double gap : {1e-3, 1e-6, 0.0}) {
    SCOPED_TRACE("gap " + std::to_string(gap));
    const PrescribedSpectrum a(with_bulk({2, 2 - gap, 2 - 2 * gap}, 297, -0.1, 1), Key{3});
    const auto found = lobpcg(a, start(300, 3), {.tolerance = tolerance().residual});
    ASSERT_EQ(found.status, Status::kConverged) << found.message;
    expect_consistent(found, a);
    expect_leading_subspace(found, a, 3, tolerance().rounding);
  }
}

TEST_P(LobpcgTest, GuardVectorsHelpWhenTheClusterIsCut) {
  const PrescribedSpectrum a(with_bulk({2, 1.5, 1.499, 1.498}, 496, -0.1, 1), Key{4});
  const auto found = lobpcg(a, start(500, 4), {.tolerance = tolerance().residual, .wanted = 2});
  ASSERT_EQ(found.status, Status::kConverged) << found.message;
  EXPECT_NEAR(value(found, 0), 2, 1e-5);
  EXPECT_NEAR(value(found, 1), 1.5, 1e-5);
}

TEST_P(LobpcgTest, TakesTheAlgebraicallyLargest) {
  const PrescribedSpectrum a(with_bulk({-1, -1.5}, 198, -6, -3), Key{5});
  const auto found = lobpcg(a, start(200, 2), {.tolerance = tolerance().residual});
  ASSERT_EQ(found.status, Status::kConverged) << found.message;
  expect_leading_subspace(found, a, 2, tolerance().rounding);
}

TEST_P(LobpcgTest, HandlesMorePairsThanRank) {
  std::vector<double> eigenvalues(200, 0.0);
  eigenvalues[0] = 3;
  eigenvalues[1] = 1;
  const PrescribedSpectrum a(eigenvalues, Key{6});
  const auto found = lobpcg(a, start(200, 4), {.tolerance = tolerance().residual});
  ASSERT_EQ(found.status, Status::kConverged) << found.message;
  expect_consistent(found, a);
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(value(found, i), a.eigenvalue(i), 3 * tolerance().residual);
  }
}

TEST_P(LobpcgTest, TheZeroOperatorConvergesAtOnce) {
  const auto found = lobpcg([](const at::Tensor& v) { return at::zeros_like(v); }, start(100, 3));
  EXPECT_EQ(found.status, Status::kConverged);
  EXPECT_EQ(found.iterations, 0);
  EXPECT_EQ(largest(found.values), 0);
}

TEST_P(LobpcgTest, TheIdentityMayReturnItsArgument) {
  const auto found = lobpcg([](const at::Tensor& v) { return v; }, start(100, 3));
  EXPECT_EQ(found.status, Status::kConverged);
  EXPECT_LT(largest(found.values - 1), tolerance().rounding);
}

TEST_P(LobpcgTest, KeepsExactPairsWhenWarmStarted) {
  const PrescribedSpectrum a(with_bulk({9, 8, 7}, 197, -0.5, 2), Key{1});
  CountingOperator counter{a};
  const auto found =
      lobpcg(counter.op(), a.leading(3).to(GetParam()), {.tolerance = tolerance().residual});
  EXPECT_EQ(found.status, Status::kConverged);
  EXPECT_EQ(found.iterations, 0);
  EXPECT_EQ(found.operator_columns, 3);
  EXPECT_EQ(counter.columns, 3);
}

TEST_P(LobpcgTest, MultipliesUnconvergedColumnsOnly) {
  const PrescribedSpectrum a(with_bulk({9, 8, 7}, 197, -0.5, 2), Key{1});
  at::Tensor x0 = a.leading(3).to(GetParam());
  x0.select(1, 1).add_(a.leading(10).select(1, 9).to(GetParam()), 1e-4);
  CountingOperator counter{a};
  const auto found = lobpcg(counter.op(), x0, {.tolerance = tolerance().residual});
  EXPECT_EQ(found.status, Status::kConverged);
  EXPECT_EQ(counter.columns, found.operator_columns);
  EXPECT_EQ(counter.columns, 3 + found.iterations);
}

TEST_P(LobpcgTest, ReplacesUnusableStartingColumns) {
  const PrescribedSpectrum a(with_bulk({9, 8, 7, 6, 5}, 195, -0.5, 2), Key{1});
  at::Tensor x0 = start(200, 5).clone();
  x0.select(1, 1).zero_();
  x0.select(1, 2).copy_(x0.select(1, 0)).mul_(-3);
  x0.select(1, 3).fill_(std::numeric_limits<double>::quiet_NaN());
  x0.select(1, 4).mul_(1e-12);
  const auto found = lobpcg(a, x0, {.tolerance = tolerance().residual});
  ASSERT_EQ(found.status, Status::kConverged) << found.message;
  expect_consistent(found, a);
  expect_leading_subspace(found, a, 5, tolerance().rounding);
}

TEST_P(LobpcgTest, AcceptsRowMajorBlocksFromCallerAndOperator) {
  const PrescribedSpectrum a(with_bulk({9, 8}, 98, -0.5, 2), Key{1});
  const auto found = lobpcg([&](const at::Tensor& v) { return a(v).contiguous(); },
                            start(100, 2).contiguous(),
                            {.tolerance = tolerance().residual});
  ASSERT_EQ(found.status, Status::kConverged) << found.message;
  expect_leading_subspace(found, a, 2, tolerance().rounding);
}

TEST_P(LobpcgTest, LeavesTheStartingBlockAlone) {
  const PrescribedSpectrum a(with_bulk({9, 8}, 98, -0.5, 2), Key{1});
  const at::Tensor x0 = start(100, 2);
  const at::Tensor copy = x0.clone();
  lobpcg(a, x0, {.tolerance = tolerance().residual});
  EXPECT_TRUE(at::equal(x0, copy));
}

TEST_P(LobpcgTest, ReportsStagnationInsteadOfLooping) {
  const PrescribedSpectrum a(with_bulk({9, 8, 7}, 197, -0.5, 2), Key{1});
  const auto found = lobpcg(a, start(200, 3), {.tolerance = 0, .max_iterations = 1000});
  EXPECT_EQ(found.status, Status::kStagnated);
  EXPECT_LT(found.iterations, 100);
  EXPECT_THAT(found.message, HasSubstr("tolerance"));
  expect_consistent(found, a);
  EXPECT_LT(largest(found.residual_norms), 1e2 * tolerance().rounding * scale(found));
}

TEST_P(LobpcgTest, ReportsTooFewIterations) {
  const PrescribedSpectrum a(with_bulk({9}, 199, -0.5, 8.9), Key{1});
  const auto found = lobpcg(a, start(200, 1), {.tolerance = 1e-5, .max_iterations = 3});
  EXPECT_EQ(found.status, Status::kMaxIterations);
  EXPECT_EQ(found.iterations, 3);
  EXPECT_EQ(found.operator_columns, 4);
  EXPECT_THAT(found.message, HasSubstr("max_iterations"));
  expect_consistent(found, a);
}

TEST_P(LobpcgTest, NamesTheColumnThatIsNotFinite) {
  const auto poisoned = [](const at::Tensor& v) {
    at::Tensor result = 2 * v;
    result.select(1, 1)[0] = std::numeric_limits<double>::quiet_NaN();
    return result;
  };
  try {
    lobpcg(poisoned, start(100, 3));
    FAIL() << "no exception";
  } catch (const NonFinite& error) {
    EXPECT_THAT(error.what(), HasSubstr("column 1 of"));
  }
}

TEST_P(LobpcgTest, KeepsTheGradientModeOfTheCallerForTheOperator) {
  const at::AutoGradMode enabled(true);
  bool seen = false;
  lobpcg(
      [&](const at::Tensor& v) {
        seen = at::GradMode::is_enabled();
        return 2 * v;
      },
      start(100, 1));
  EXPECT_TRUE(seen);
}

TEST_P(LobpcgTest, ANewStartFromTheResultIsAFixedPoint) {
  const PrescribedSpectrum a(with_bulk({9, 8, 7}, 197, -0.5, 2), Key{1});
  const auto first = lobpcg(a, start(200, 3), {.tolerance = tolerance().residual});
  const auto second = lobpcg(a, first.vectors, {.tolerance = 2 * tolerance().residual});
  EXPECT_EQ(second.iterations, 0);
  EXPECT_LT(largest(second.vectors - first.vectors), tolerance().rounding);  // signs are kept too
}

INSTANTIATE_TEST_SUITE_P(Dtypes,
                         LobpcgTest,
                         ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& dtype) { return std::string(toString(dtype.param)); });

TEST(Lobpcg, RefusesWrongArguments) {
  const LinearOperator identity = [](const at::Tensor& v) { return v; };
  EXPECT_THROW(lobpcg(identity, at::Tensor()), InvalidArgument);
  EXPECT_THROW(lobpcg(identity, at::zeros({10})), InvalidArgument);
  EXPECT_THROW(lobpcg(identity, at::zeros({10, 0})), InvalidArgument);
  EXPECT_THROW(lobpcg(identity, at::zeros({3, 4})), InvalidArgument);
  EXPECT_THROW(lobpcg(identity, at::zeros({10, 1}, at::kLong)), InvalidArgument);
  EXPECT_THROW(lobpcg(identity, at::ones({10, 1}), {.wanted = 2}), InvalidArgument);
  EXPECT_THROW(lobpcg(identity, at::ones({10, 1}), {.tolerance = -1}), InvalidArgument);
  const LinearOperator transposing = [](const at::Tensor& v) { return v.t(); };
  EXPECT_THROW(lobpcg(transposing, at::ones({10, 1})), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::spectrum
