#include "thalweg/hermite/laguerre.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace thalweg::hermite {
namespace {

TEST(RadialPolynomials, GiveTheirLowDegrees) {
  const double d = 7, r2 = 5.3;
  EXPECT_EQ(radial_p(0, r2, d), 1);
  EXPECT_DOUBLE_EQ(radial_p(1, r2, d), r2 - (d + 2));
  EXPECT_NEAR(radial_p(2, r2, d), r2 * r2 - 2 * (d + 4) * r2 + (d + 2) * (d + 4), 1e-13);
  EXPECT_DOUBLE_EQ(radial_q(1, r2, d), r2 - d - 4);
  EXPECT_DOUBLE_EQ(radial_trace(1, r2, d), r2 - d);
}

// Laguerre's own recurrence, in long double: 64 bits of mantissa against terms that cancel to a
// share of d^{-m/2}, 1e-15 at worst here.
long double laguerre(int m, long double a, long double u) {
  long double previous = 0, value = 1;
  for (int j = 0; j < m; ++j) {
    const long double next = ((2 * j + 1 + a - u) * value - (j + a) * previous) / (j + 1);
    previous = value;
    value = next;
  }
  return value;
}

TEST(RadialPolynomials, AreLaguerrePolynomials) {
  for (const double d : {2.0, 3.0, 30.0}) {
    for (const double r2 : {0.0, 1.7, d, 3 * d}) {
      for (int m = 0; m <= 6; ++m) {
        const long double sign = std::pow(-2.0L, m) * std::tgamma(m + 1.0L);
        const auto expected = [&](long double a) {
          return static_cast<double>(sign * laguerre(m, a, r2 / 2.0L));
        };
        const double size = 1e-12 * std::pow(4 * d + 4 * m, m);
        EXPECT_NEAR(radial_p(m, r2, d), expected(d / 2.0L), size);
        EXPECT_NEAR(radial_q(m, r2, d), expected(d / 2.0L + 1), size);
        EXPECT_NEAR(radial_trace(m, r2, d), expected(d / 2.0L - 1), size);
      }
    }
  }
}

TEST(RadialPolynomials, DoNotCancelInHighDimension) {
  const double d = 1e5;
  for (const double t : {-2.5, -0.3, 1.1}) {
    const double r2 = d + t * std::sqrt(2 * d);
    for (int m = 1; m <= 4; ++m) {
      const long double sign = std::pow(-2.0L, m) * std::tgamma(m + 1.0L);
      const auto expected = static_cast<double>(sign * laguerre(m, d / 2.0L, r2 / 2.0L));
      EXPECT_NEAR(radial_p(m, r2, d), expected, 1e-8 * std::pow(2 * d, m / 2.0)) << t << ' ' << m;
    }
  }
}

}  // namespace
}  // namespace thalweg::hermite
