#include "thalweg/hermite/pairwise.hpp"

#include <cmath>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "hermite/kernels/pair_weights.hpp"
#include "support/dense_hermite.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::hermite {
namespace {

using testing::dense_hermite;

SamplePair pair_of(const Vector& x, const Vector& y) {
  return {.s = x.dot(y),
          .p = x.squaredNorm(),
          .q = y.squaredNorm(),
          .d = static_cast<double>(x.size())};
}

Vector normal_vector(Eigen::Index d, Key key) {
  Vector v(d);
  fill_normal(std::span<double>(v.data(), static_cast<std::size_t>(d)), key);
  return v;
}

TEST(PairForm, TakesItsReferenceValues) {
  const SamplePair pair = pair_of(Eigen::Vector3d(1, 2, 0), Eigen::Vector3d(0, 1, 1));
  const double expected[] = {1, 2, 0, -4, -2, -228};
  for (int m = 0; m <= 5; ++m) EXPECT_EQ(pair_form(m, pair), expected[m]) << m;
}

TEST(PairForm, IsTheInnerProductOfDenseTensors) {
  for (std::uint64_t trial = 0; trial < 5; ++trial) {
    const Vector x = normal_vector(4, Key{21, trial}), y = normal_vector(4, Key{22, trial});
    for (int m = 0; m <= 6; ++m) {
      const auto a = dense_hermite(m, x).entries, b = dense_hermite(m, y).entries;
      double inner = 0, size = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        inner += a[i] * b[i] * std::tgamma(m + 1.0);
        size += std::abs(a[i] * b[i]) * std::tgamma(m + 1.0);
      }
      EXPECT_NEAR(pair_form(m, pair_of(x, y)), inner, 1e-12 * (1 + size)) << m;
    }
  }
}

TEST(PairCoefficients, GiveTheProductOfDenseUnfoldings) {
  for (std::uint64_t trial = 0; trial < 5; ++trial) {
    const Vector x = normal_vector(4, Key{23, trial}), y = normal_vector(4, Key{24, trial});
    for (int k = 1; k <= 6; ++k) {
      const PairCoefficients c = pair_coefficients(k, pair_of(x, y));
      const Matrix found = c.outer * x * y.transpose() + c.swapped * y * x.transpose() +
                           c.own * (x * x.transpose() + y * y.transpose()) +
                           c.identity * Matrix::Identity(4, 4);
      const Matrix a = dense_hermite(k, x).unfolded(), b = dense_hermite(k, y).unfolded();
      const double factor = std::tgamma(k + 1.0);
      EXPECT_LE((found - factor * a * b.transpose()).cwiseAbs().maxCoeff(),
                1e-13 * factor * a.norm() * b.norm())
          << k;
    }
  }
}

TEST(PairCoefficients, TraceIsTheForm) {  // tr phi_k phi_k^T = F_k / k!
  const Vector x = normal_vector(6, Key{25}), y = normal_vector(6, Key{26});
  const SamplePair pair = pair_of(x, y);
  for (int k = 1; k <= 6; ++k) {
    const PairCoefficients c = pair_coefficients(k, pair);
    const double trace =
        (c.outer + c.swapped) * pair.s + c.own * (pair.p + pair.q) + 6 * c.identity;
    EXPECT_NEAR(trace, pair_form(k, pair), 1e-11 * (1 + std::abs(trace))) << k;
  }
}

// Around every edge of the vectors, against the scalar twin.
TEST(PairWeights, EqualTheirScalarTwin) {
  const double d = 9;
  for (const std::size_t rows : {1, 2}) {
    for (const std::size_t columns : {1, 3, 7, 8, 9, 17}) {
      for (int k = 1; k <= 4; ++k) {
        std::vector<double> p(rows), q(columns), s(rows * columns), kernel(rows * columns);
        for (auto* values : {&p, &q}) {
          fill_uniform(std::span<double>(*values), Key{27, values->size()});
          for (double& value : *values) value *= 2 * d;
        }
        fill_normal(std::span<double>(s), Key{28});
        fill_normal(std::span<double>(kernel), Key{29});
        std::vector<double> weights = kernel, row_own(rows, 0.5), column_own(columns, -0.25);
        const double identity =
            kernels::pair_weights(k, d, p, q, s.data(), weights.data(), row_own, column_own);

        double identity_twin = 0;
        std::vector<double> row_twin(rows, 0.5), column_twin(columns, -0.25);
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < columns; ++j) {
            const std::size_t at = i * columns + j;
            const PairCoefficients c =
                pair_coefficients(k, {.s = s[at], .p = p[i], .q = q[j], .d = d});
            EXPECT_NEAR(weights[at], kernel[at] * (c.outer + c.swapped), 1e-12);
            row_twin[i] += kernel[at] * c.own;
            column_twin[j] += kernel[at] * c.own;
            identity_twin += kernel[at] * c.identity;
          }
        }
        EXPECT_NEAR(identity, identity_twin, 1e-11);
        for (std::size_t i = 0; i < rows; ++i) EXPECT_NEAR(row_own[i], row_twin[i], 1e-11);
        for (std::size_t j = 0; j < columns; ++j) EXPECT_NEAR(column_own[j], column_twin[j], 1e-11);
      }
    }
  }
}

}  // namespace
}  // namespace thalweg::hermite
