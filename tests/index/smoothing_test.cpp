#include "thalweg/index/smoothing.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/hermite/quadrature.hpp"
#include "thalweg/hermite/sphere.hpp"

namespace thalweg::testing {
namespace {

using hermite::smoothed_power;
using hermite::smoothed_power_slope;
using index::hermite_student;
using index::SmoothedStudent;

template <typename Function>
double mean_over_sphere(int d, Function f) {
  const auto rule = hermite::gauss_sphere(24, d);
  double sum = 0;
  for (std::size_t i = 0; i < rule.nodes.size(); ++i) sum += rule.weights[i] * f(rule.nodes[i]);
  return sum;
}

TEST(Smoothing, PowersAreMeansOverRandomPointsOfTheCircle) {
  constexpr int kD = 10, kDraws = 40'000;
  constexpr double kAlpha = 0.37, kRadius = 1.3;
  // z uniform orthogonal to w = e_1; w* = (alpha, beta, 0, ...) sees its second coordinate only.
  const double beta = std::sqrt(1 - kAlpha * kAlpha);
  std::vector<double> z(kD - 1);
  for (const int k : {2, 3, 4}) {
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      fill_normal(z, Key{5}.with(static_cast<std::uint64_t>(i)));
      double norm2 = 0;
      for (const double value : z) norm2 += value * value;
      const double overlap =
          (kAlpha + kRadius * beta * z[0] / std::sqrt(norm2)) / std::hypot(1, kRadius);
      sum += std::pow(overlap, k);
      squares += std::pow(overlap, 2 * k);
    }
    const double mean = sum / kDraws;
    const double se = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_NEAR(mean, smoothed_power(k, kAlpha, kRadius, kD), 4 * se) << k;
  }
}

// Moving w along the geodesic towards a unit vector e orthogonal to it changes S_lambda psi(w.x) at
// the rate D (x_perp.e).
TEST(SmoothedStudent, DerivativeIsTheSlopeAlongGeodesics) {
  constexpr int kD = 12;
  constexpr double kRadius = 1.7, kOwn = 0.8, kToward = -0.6, kNorm2 = 11;
  for (int k = 1; k <= 12; ++k) {
    const auto smoothed = [&](double angle) {
      const double a = kOwn * std::cos(angle) + kToward * std::sin(angle);
      const double b = std::sqrt(kNorm2 - a * a);
      return mean_over_sphere(kD, [&](double xi) {
        return hermite::hermite(k, (a + kRadius * b * xi) / std::hypot(1, kRadius));
      });
    };
    const double h = 1e-3;  // fourth-order difference
    const double slope =
        (8 * (smoothed(h) - smoothed(-h)) - (smoothed(2 * h) - smoothed(-2 * h))) / (12 * h);
    const SmoothedStudent student(hermite_student(k), kD, kRadius);
    const double derivative = student.derivative(kOwn, std::sqrt(kNorm2 - kOwn * kOwn));
    EXPECT_NEAR(derivative * kToward, slope, 1e-7 * std::abs(slope)) << k;
  }
}

TEST(SmoothedStudent, WithoutSmoothingIsThePlainDerivative) {
  const std::vector<double> series = {0.3, 0.1, -0.4, 0.2};
  const SmoothedStudent student(series, 9, 0);
  for (const double a : {-1.3, 0.0, 2.0}) {
    const double slope =
        0.1 - 0.4 * std::numbers::sqrt2 * a + 0.2 * std::sqrt(3) * hermite::hermite(2, a);
    EXPECT_NEAR(student.derivative(a, 3), slope, 1e-15);
  }
}

// The fourth moments of xi and of its Gaussian limit differ by O(1/d), and smoothing leaves D of
// order lambda^{1-k} = d^{(1-k)/4}: from k = 5 on the limit is wrong in its first digit at every d,
// which is why the library keeps to the exact rule.
TEST(SmoothedStudent, TendsToAGaussianAverageInHighDimensionBelowOrderFive) {
  constexpr int kD = 1'000'000;
  constexpr double kA = 0.9;
  const double radius = std::pow(kD, 0.25), b = std::sqrt(kD + 300.0);
  const auto rule = hermite::gauss_hermite(24);
  for (int k = 2; k <= 4; ++k) {
    double limit = 0;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      const double xi = rule.nodes[i] / std::sqrt(kD - 1.0);
      const double u = (kA + radius * b * xi) / std::hypot(1, radius);
      limit += rule.weights[i] * std::sqrt(k) * hermite::hermite(k - 1, u) *
               (1 - radius * xi * kA / b) / std::hypot(1, radius);
    }
    const double exact = SmoothedStudent(hermite_student(k), kD, radius).derivative(kA, b);
    EXPECT_NEAR(exact, limit, 1e-5 * std::abs(limit)) << k;
  }
}

// lambda sqrt(6) (d - 1) / 3 D tends to b^2 - (d - 1) - 2 a^2 for h_3. (The odd partial trace has
// a^2 + b^2 - (d + 2): both harmonics of h_3 fade like 1 / lambda, the third by -3 / (d - 1) of the
// first.)
TEST(SmoothedStudent, TendsToAQuadraticAsTheRadiusGrows) {
  constexpr double kD = 12, kRadius = 1e6;
  const SmoothedStudent student(hermite_student(3), kD, kRadius);
  for (const double a : {-1.5, 0.2, 0.9}) {
    for (const double b : {2.0, 3.5, 5.0}) {
      EXPECT_NEAR(kRadius * std::sqrt(6) * (kD - 1) / 3 * student.derivative(a, b),
                  b * b - (kD - 1) - 2 * a * a,
                  1e-5);
    }
  }
}

// E[y D (x_perp.w*)] = (1 - alpha^2) d/dalpha s_k(alpha) for y = h_k(w*.x).
TEST(SmoothedStudent, DriftIsTheGradientOfThePopulationLoss) {
  constexpr int kD = 12, kDraws = 200'000;
  constexpr double kAlpha = 0.4, kRadius = 1.5;
  const double beta = std::sqrt(1 - kAlpha * kAlpha);
  std::vector<double> x(kD);  // in a basis that begins with w and the rest of w*
  for (const int k : {2, 3}) {
    const SmoothedStudent student(hermite_student(k), kD, kRadius);
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      fill_normal(x, Key{6}.with(static_cast<std::uint64_t>(i)));
      double perpendicular2 = 0;
      for (int j = 1; j < kD; ++j) {
        perpendicular2 += x[static_cast<std::size_t>(j)] * x[static_cast<std::size_t>(j)];
      }
      const double y = hermite::hermite(k, kAlpha * x[0] + beta * x[1]);
      const double value = y * student.derivative(x[0], std::sqrt(perpendicular2)) * beta * x[1];
      sum += value;
      squares += value * value;
    }
    const double mean = sum / kDraws;
    const double se = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_NEAR(mean, beta * beta * smoothed_power_slope(k, kAlpha, kRadius, kD), 4 * se) << k;
  }
}

TEST(Smoothing, BestRadiusLiesAroundTheFourthRootOfTheDimension) {
  for (const int k : {3, 4, 5}) {
    for (const int d : {100, 1000, 10'000, 1'000'000}) {
      const double exponent = std::log(index::best_radius(k, d)) / std::log(d);
      EXPECT_GE(exponent, 0.2) << k << " " << d;
      EXPECT_LE(exponent, 0.32) << k << " " << d;
    }
  }
  EXPECT_EQ(index::best_radius(2, 100), 0);
}

TEST(Smoothing, WorkingConstantsAreTheSheets) {
  EXPECT_NEAR(index::default_learning_rate(3, 64, 0, 1), 0.2 / 512 / 6, 1e-17);
  EXPECT_NEAR(index::default_learning_rate(3, 64, 2, 5, 0.1), 0.5 / 512 * 25 / 6, 1e-15);
  EXPECT_NEAR(index::default_learning_rate(1, 64, 0, 1), 0.2 / 64, 1e-17);
  EXPECT_EQ(index::default_batch(3, 64, 0), 51);
  EXPECT_EQ(index::default_batch(4, 10'000, 0), 8192);
  EXPECT_EQ(index::default_batch(3, 64, 3), 1);
  EXPECT_NEAR(index::default_radius(3, 256), 4, 1e-14);
  EXPECT_EQ(index::default_radius(2, 256), 0);
}

TEST(SmoothedStudent, RefusesWhatCannotBe) {
  const auto message = [](const std::vector<double>& series, int d, double radius) {
    return message_of<InvalidArgument>([&] { SmoothedStudent(series, d, radius); });
  };
  EXPECT_NE(message({1}, 10, 1).find("degree must be 1 to 20; got 0"), std::string::npos);
  EXPECT_NE(message({0, 1}, 3, 1).find("dimension 4 or more; got 3"), std::string::npos);
  EXPECT_NE(message({0, 1}, 10, -1).find("at least 0; got -1"), std::string::npos);
}

}  // namespace
}  // namespace thalweg::testing
