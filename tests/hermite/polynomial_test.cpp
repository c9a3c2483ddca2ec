#include "thalweg/hermite/polynomial.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::hermite {
namespace {

// Digits computed once with mpmath at 50 digits from He_k / sqrt(k!).
TEST(Hermite, TakesItsReferenceValues) {
  const std::vector<double> at_1_5 = {1,
                                      1.5,
                                      0.8838834765,
                                      -0.4592793268,
                                      -1.1099250397,
                                      -0.3337684335,
                                      0.8088277137,
                                      0.7675717353,
                                      -0.3495226631};
  std::vector<double> values(at_1_5.size());
  hermite_values(1.5, values);
  for (std::size_t k = 0; k < at_1_5.size(); ++k) {
    EXPECT_NEAR(values[k], at_1_5[k], 1e-10) << k;
    EXPECT_EQ(hermite(static_cast<int>(k), 1.5), values[k]) << k;
  }
  EXPECT_NEAR(hermite(10, 0.3), -0.2859976727, 1e-10);
  EXPECT_NEAR(hermite(20, 2), -1.0442619636, 1e-10);
}

TEST(Hermite, IsEvenOrOddToTheBit) {
  for (int k = 0; k <= 12; ++k)
    EXPECT_EQ(hermite(k, -1.7), (k % 2 == 0 ? 1 : -1) * hermite(k, 1.7)) << k;
}

TEST(Hermite, DerivativeIsTheOneBelow) {  // h_k' = sqrt(k) h_{k-1}
  for (int k = 1; k <= 8; ++k) {
    const double step = 1e-5;
    const double slope = (hermite(k, 0.7 + step) - hermite(k, 0.7 - step)) / (2 * step);
    EXPECT_NEAR(slope, std::sqrt(k) * hermite(k - 1, 0.7), 1e-8) << k;
  }
}

TEST(Hermite, SeriesIsTheSumOfItsTerms) {
  const std::vector<double> c = {0.3, -1, 0.5, 0.25, -0.125, 2};
  std::vector<double> h(c.size());
  for (const double x : {-3.0, -0.2, 0.0, 1.5}) {
    hermite_values(x, h);
    double sum = 0;
    for (std::size_t k = 0; k < c.size(); ++k) sum += c[k] * h[k];
    EXPECT_NEAR(hermite_series(c, x), sum, 1e-13 * (1 + std::abs(sum))) << x;
  }
  EXPECT_EQ(hermite_series({}, 1.5), 0);
}

TEST(Hermite, RefusesANegativeOrder) {
  EXPECT_EQ(testing::message_of<InvalidArgument>([] { hermite(-1, 0); }),
            "[hermite] the order must not be negative; got -1.");
}

}  // namespace
}  // namespace thalweg::hermite
