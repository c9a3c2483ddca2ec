#include "thalweg/hermite/sphere.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/quadrature.hpp"

namespace thalweg::hermite {
namespace {

TEST(SphereMoment, IsTheMomentOfACoordinate) {
  for (const double d : {3.0, 10.0, 1e5}) {
    EXPECT_EQ(sphere_moment(0, d), 1);
    EXPECT_DOUBLE_EQ(sphere_moment(1, d), 1 / (d - 1));
    EXPECT_DOUBLE_EQ(sphere_moment(2, d), 3 / ((d - 1) * (d + 1)));
  }
}

TEST(ZonalPolynomial, IsLegendreInThreeDimensions) {
  EXPECT_DOUBLE_EQ(zonal_polynomial(2, 3, 0.4), (3 * 0.16 - 1) / 2);
  EXPECT_DOUBLE_EQ(zonal_polynomial(3, 3, 0.4), (5 * 0.064 - 3 * 0.4) / 2);
}

TEST(ZonalPolynomial, GivesItsLowDegrees) {
  for (const double d : {4.0, 10.0, 1e4}) {
    const double t = 0.37;
    EXPECT_DOUBLE_EQ(zonal_polynomial(1, d, t), t);
    EXPECT_NEAR(zonal_polynomial(2, d, t), (d * t * t - 1) / (d - 1), 1e-15);
    EXPECT_NEAR(zonal_polynomial(3, d, t), t * ((d + 2) * t * t - 3) / (d - 1), 1e-15);
    EXPECT_NEAR(t * t * t, ((d - 1) * zonal_polynomial(3, d, t) + 3 * t) / (d + 2), 1e-15);
    for (int l = 0; l <= 12; ++l) EXPECT_NEAR(zonal_polynomial(l, d, 1), 1, 1e-14);
  }
}

// Averaging over the circle of radius lambda multiplies a harmonic of degree l by P_l(t),
// t = 1 / sqrt(1 + lambda^2).
TEST(ZonalPolynomial, IsTheFactorOfSmoothing) {
  const double d = 10, lambda = 1.3, alpha = 0.37;
  const double t = 1 / std::sqrt(1 + lambda * lambda);
  const double digits[] = {.2255929815, .0123795952, -.0055223596, 2.0766621e-4, -4.5015754e-6};
  const QuadratureRule xi = gauss_sphere(8, d);
  for (int l = 1; l <= 5; ++l) {
    double mean = 0;
    for (std::size_t i = 0; i < xi.nodes.size(); ++i) {
      const double u = (alpha + lambda * std::sqrt(1 - alpha * alpha) * xi.nodes[i]) * t;
      mean += xi.weights[i] * zonal_polynomial(l, d, u);
    }
    EXPECT_NEAR(mean, zonal_polynomial(l, d, t) * zonal_polynomial(l, d, alpha), 1e-13) << l;
    EXPECT_NEAR(mean, digits[l - 1], 5.1e-11) << l;
  }
}

TEST(SmoothedPower, GivesItsPublishedDigits) {
  EXPECT_NEAR(smoothed_power(2, .37, 1.3, 10), .1111416357, 5.1e-11);
  EXPECT_NEAR(smoothed_power(3, .37, 1.3, 10), .0522564756, 5.1e-11);
  EXPECT_NEAR(smoothed_power(4, .37, 1.3, 10), .0298973614, 5.1e-11);
}

TEST(SmoothedPower, IsAMeanOverTheCircle) {
  const QuadratureRule xi = gauss_sphere(12, 25);
  for (int k = 0; k <= 9; ++k) {
    for (const double alpha : {-0.9, 0.0, 0.2, 1.0}) {
      double mean = 0;
      for (std::size_t i = 0; i < xi.nodes.size(); ++i) {
        const double u =
            (alpha + 2.2 * std::sqrt(1 - alpha * alpha) * xi.nodes[i]) / std::sqrt(1 + 2.2 * 2.2);
        mean += xi.weights[i] * std::pow(u, k);
      }
      EXPECT_NEAR(smoothed_power(k, alpha, 2.2, 25), mean, 1e-14) << k << ' ' << alpha;
    }
  }
  EXPECT_DOUBLE_EQ(smoothed_power(5, 0.3, 0, 25), std::pow(0.3, 5));
}

TEST(SmoothedPower, SlopeIsItsDerivative) {
  for (int k = 0; k <= 6; ++k) {
    for (const double alpha : {-0.5, 0.0, 0.7}) {
      const double step = 1e-5;
      const double slope =
          (smoothed_power(k, alpha + step, 1.3, 10) - smoothed_power(k, alpha - step, 1.3, 10)) /
          (2 * step);
      EXPECT_NEAR(smoothed_power_slope(k, alpha, 1.3, 10), slope, 1e-9) << k << ' ' << alpha;
    }
  }
}

TEST(Sphere, NamesWhatIsOutOfRange) {
  EXPECT_EQ(testing::message_of<InvalidArgument>([] { zonal_polynomial(2, 2, 0); }),
            "[hermite::zonal_polynomial] the dimension must be at least 3; got 2.");
  EXPECT_EQ(testing::message_of<InvalidArgument>([] { sphere_moment(-1, 5); }),
            "[hermite::sphere_moment] the order must not be negative; got -1.");
}

}  // namespace
}  // namespace thalweg::hermite
