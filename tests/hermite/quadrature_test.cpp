#include "thalweg/hermite/quadrature.hpp"

#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::hermite {
namespace {

double sum_of(const QuadratureRule& rule, auto f) {
  double sum = 0;
  for (std::size_t i = 0; i < rule.nodes.size(); ++i) sum += rule.weights[i] * f(rule.nodes[i]);
  return sum;
}

TEST(GaussHermite, HermitePolynomialsAreOrthonormal) {
  const QuadratureRule rule = gauss_hermite(64);
  for (int j = 0; j <= 12; ++j) {
    for (int k = 0; k <= j; ++k) {
      const double product = sum_of(rule, [&](double x) { return hermite(j, x) * hermite(k, x); });
      EXPECT_NEAR(product, j == k ? 1 : 0, 1e-12) << j << ' ' << k;
    }
  }
}

TEST(GaussHermite, IsExactBelowTwiceItsNodes) {
  // E[Z^{2n-2}] is integrated, h_n^2 of degree 2n is zero at every node.
  for (const int n : {1, 2, 3, 7, 20}) {
    const QuadratureRule rule = gauss_hermite(n);
    double moment = 1;
    for (int j = 1; j < n; ++j) moment *= 2 * j - 1;
    EXPECT_NEAR(sum_of(rule, [&](double x) { return std::pow(x, 2 * n - 2); }) / moment, 1, 1e-12);
    EXPECT_NEAR(sum_of(rule, [&](double x) { return std::pow(hermite(n, x), 2); }), 0, 1e-20);
  }
}

TEST(GaussHermite, StaysRightWithMostNodes) {
  const QuadratureRule rule = gauss_hermite(512);
  EXPECT_NEAR(std::accumulate(rule.weights.begin(), rule.weights.end(), 0.0), 1, 1e-13);
  EXPECT_NEAR(sum_of(rule, [](double x) { return std::cos(3 * x); }), std::exp(-4.5), 1e-13);
}

// Analytic in a strip only: tanh has poles at i pi / 2.
TEST(GaussHermite, ConvergesForTanhAsItsStripAllows) {
  const auto c3 = [](int n) {
    return sum_of(gauss_hermite(n), [](double x) { return std::tanh(x) * hermite(3, x); });
  };
  EXPECT_NEAR(c3(100), -0.1484371912, 1e-9);
  EXPECT_GT(std::abs(c3(20) + 0.1484371912), 1e-5);
}

TEST(GaussLegendre, IntegratesPolynomialsAndTheExponential) {
  EXPECT_NEAR(sum_of(gauss_legendre(10), [](double x) { return std::exp(x); }),
              std::numbers::e - 1 / std::numbers::e,
              1e-14);
  EXPECT_NEAR(
      sum_of(gauss_legendre(40), [](double x) { return std::pow(x, 78); }), 2.0 / 79, 1e-14);
  EXPECT_NEAR(sum_of(gauss_legendre(2), [](double x) { return x * x; }), 2.0 / 3, 1e-15);
}

TEST(GaussSphere, HasTheMomentsOfACoordinate) {
  for (const double d : {3.0, 4.0, 5.0, 17.0, 1e3, 1e6}) {
    const QuadratureRule rule = gauss_sphere(9, d);
    double moment = 1;  // nu_j = prod_{i < j} (2i + 1) / (d - 1 + 2i)
    for (int j = 0; j <= 8; ++j) {
      EXPECT_NEAR(sum_of(rule, [&](double x) { return std::pow(x, 2 * j); }) / moment, 1, 1e-12)
          << d << ' ' << j;
      moment *= (2 * j + 1) / (d - 1 + 2 * j);
    }
  }
}

// No switch to Gauss-Hermite is needed: the nodes come close to its own at the rate 1 / d.
TEST(GaussSphere, TendsToGaussHermiteInHighDimension) {
  const QuadratureRule normal = gauss_hermite(13);
  for (const double d : {1e6, 1e9}) {
    const QuadratureRule sphere = gauss_sphere(13, d);
    for (std::size_t i = 0; i < normal.nodes.size(); ++i) {
      EXPECT_NEAR(std::sqrt(d - 1) * sphere.nodes[i], normal.nodes[i], 100 / d + 1e-13);
      EXPECT_NEAR(sphere.weights[i], normal.weights[i], 100 / d + 1e-13);
    }
  }
}

TEST(QuadratureRules, NameWhatIsOutOfRange) {
  EXPECT_EQ(testing::message_of<InvalidArgument>([] { gauss_hermite(0); }),
            "[hermite::gauss_hermite] the number of nodes must be 1 to 512; got 0.");
  EXPECT_EQ(testing::message_of<InvalidArgument>([] { gauss_sphere(4, 2); }),
            "[hermite::gauss_sphere] the dimension must be at least 3; got 2.");
}

Integrand scalar(auto f) {
  return [f](std::span<const double> x, std::span<double> out) {
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = f(x[i]);
  };
}

TEST(Integrate, GivesSeveralIntegralsAtOnce) {
  const Integrand powers = [](std::span<const double> x, std::span<double> out) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      out[2 * i] = std::exp(-x[i]);
      out[2 * i + 1] = std::sin(x[i]);
    }
  };
  const Integral found = integrate(powers, 2, std::vector<double>{0, 2, 10});
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.values[0], 1 - std::exp(-10), 1e-14);
  EXPECT_NEAR(found.values[1], 1 - std::cos(10), 1e-14);
}

// A jump in a place that no edge tells of, a kink, and a singularity at an edge.
TEST(Integrate, FindsSingularitiesByHalving) {
  const std::vector<double> edges = {0, 3};
  const Integral jump = integrate(scalar([](double x) { return x > 1 / 3.0 ? 1 : 0; }), 1, edges);
  EXPECT_TRUE(jump.converged);
  EXPECT_NEAR(jump.values[0], 3 - 1 / 3.0, 1e-12);
  const Integral kink =
      integrate(scalar([](double x) { return std::abs(x - std::sqrt(2)); }), 1, edges);
  EXPECT_NEAR(kink.values[0], 1 + std::pow(3 - std::sqrt(2), 2) / 2, 1e-12);
  const Integral root = integrate(scalar([](double x) { return 1 / std::sqrt(x); }), 1, edges);
  // Each halving takes sqrt(1/2) of the error: what is left is 1 / (1 - sqrt(1/2)) of the last
  // change.
  EXPECT_NEAR(root.values[0], 2 * std::sqrt(3), 3.5e-12);
}

TEST(Integrate, ErrorsAreOnTheSafeSideWhereItGivesUp) {
  const Integral found = integrate(scalar([](double x) { return x > 1 / 3.0 ? 1 : 0; }),
                                   1,
                                   std::vector<double>{0, 3},
                                   {.tolerance = 1e-12, .most_panels = 10});
  EXPECT_FALSE(found.converged);
  EXPECT_GE(found.errors[0], std::abs(found.values[0] - 3 + 1 / 3.0));
}

TEST(Integrate, SaysThatADivergentIntegralDoesNotConverge) {
  EXPECT_FALSE(integrate(scalar([](double x) { return 1 / (x * x); }), 1, std::vector<double>{0, 1})
                   .converged);
}

TEST(Integrate, NamesThePointWhereItIsNotFinite) {
  const std::string message = testing::message_of<NonFinite>([] {
    integrate(scalar([](double x) { return std::log(x - 1); }), 1, std::vector<double>{0, 3});
  });
  EXPECT_NE(message.find("not finite at 0.0"), std::string::npos) << message;
}

}  // namespace
}  // namespace thalweg::hermite
