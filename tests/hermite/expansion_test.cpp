#include "thalweg/hermite/expansion.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::hermite {
namespace {

using std::numbers::pi;

ScalarFunction pointwise(auto f) {
  return [f](std::span<const double> x, std::span<double> y) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = f(x[i]);
  };
}

double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * pi); }

double factorial(int k) { return std::tgamma(k + 1.0); }

struct Link {
  std::string name;
  std::function<double(double)> f;
  std::function<double(int)> coefficient;  // exact
};

// c_k of |z|: E|Z| h_k = 2 E[relu(Z) h_k] for even k, from E[relu h_k] = phi(0) h_{k-2}(0) / ...
double relu_coefficient(int k) {
  if (k == 0) return density(0);
  if (k == 1) return 0.5;
  return density(0) * hermite(k - 2, 0) / std::sqrt(k * (k - 1.0));
}

double even_gaussian(int k, double s) {  // exp(-s z^2): (1+2s)^{-1/2} (-s/(1+2s))^m sqrt(k!)/m!
  if (k % 2 == 1) return 0;
  const int m = k / 2;
  return std::pow(-s / (1 + 2 * s), m) * std::sqrt(factorial(k)) / factorial(m) /
         std::sqrt(1 + 2 * s);
}

// E[1{Z > t} h_k(Z)] = phi(t) h_{k-1}(t) / sqrt(k).
double step_coefficient(int k, double t) {
  return k == 0 ? 0.5 * std::erfc(t / std::sqrt(2)) : density(t) * hermite(k - 1, t) / std::sqrt(k);
}

std::vector<Link> closed_forms() {
  const double t3 = std::sqrt(2 * std::log(2));
  return {
      {"relu", [](double z) { return z > 0 ? z : 0; }, relu_coefficient},
      {"sign",
       [](double z) { return z > 0 ? 1.0 : -1.0; },
       [](int k) { return 2 * step_coefficient(k, 0) - (k == 0 ? 1 : 0); }},
      {"abs",
       [](double z) { return std::abs(z); },
       [](int k) { return k % 2 == 0 ? 2 * relu_coefficient(k) : 0; }},
      {"cos(2z)",
       [](double z) { return std::cos(2 * z); },
       [](int k) {
         return k % 2 == 1
                    ? 0
                    : std::pow(-1, k / 2) * std::pow(2, k) * std::exp(-2) / std::sqrt(factorial(k));
       }},
      {"sin(3z)",
       [](double z) { return std::sin(3 * z); },
       [](int k) {
         return k % 2 == 0 ? 0
                           : std::pow(-1, k / 2) * std::pow(3, k) * std::exp(-4.5) /
                                 std::sqrt(factorial(k));
       }},
      {"exp(-z^2)",
       [](double z) { return std::exp(-z * z); },
       [](int k) { return even_gaussian(k, 1); }},
      {"1{z>0.7}",
       [](double z) { return z > 0.7 ? 1.0 : 0.0; },
       [](int k) { return step_coefficient(k, 0.7); }},
      {"T3",
       [t3](double z) { return z < -t3 || (z > 0 && z < t3) ? 1.0 : -1.0; },
       [t3](int k) {
         return 2 * (step_coefficient(k, 0) - step_coefficient(k, t3) - step_coefficient(k, -t3)) +
                (k == 0 ? 1 : 0);
       }},
      {"h7", [](double z) { return hermite(7, z); }, [](int k) { return k == 7 ? 1 : 0; }},
  };
}

TEST(Expansion, GivesEveryClosedForm) {
  for (const Link& link : closed_forms()) {
    const Expansion found = expand(pointwise(link.f));
    EXPECT_TRUE(found.converged) << link.name;
    EXPECT_LT(found.tolerance, 1e-12) << link.name;
    for (int k = 0; k <= 12; ++k) {
      EXPECT_NEAR(found.coefficients[static_cast<std::size_t>(k)], link.coefficient(k), 1e-12)
          << link.name << ' ' << k;
    }
  }
}

struct Digits {
  std::string name;
  std::function<double(double)> f;
  std::vector<std::pair<std::size_t, double>> coefficients;
};

TEST(Expansion, GivesThePublishedDigits) {
  const double t = std::sqrt(2 * std::log(2));
  const std::vector<Digits> rows = {
      {"relu",
       [](double z) { return z > 0 ? z : 0; },
       {{0, .3989423}, {1, .5}, {2, .2820948}, {3, 0}, {4, -.0814338}, {5, 0}, {6, .0446031}}},
      {"sign",
       [](double z) { return z > 0 ? 1.0 : -1.0; },
       {{1, .7978846}, {3, -.3257350}, {5, .2185097}, {2, 0}}},
      {"abs",
       [](double z) { return std::abs(z); },
       {{0, .7978846}, {2, .5641896}, {4, -.1628675}, {6, .0892062}}},
      {"exp(-z^2)",
       [](double z) { return std::exp(-z * z); },
       {{0, .5773503}, {2, -.2721655}, {4, .1571348}, {6, -.0956291}}},
      {"z^2 exp(-z^2)",
       [](double z) { return z * z * std::exp(-z * z); },
       {{0, .1924501}, {2, 0}, {4, -.0523783}, {6, .0637528}}},
      {"sigmoid",
       [](double z) { return 1 / (1 + std::exp(-z)); },
       {{1, .2066210}, {3, -.0254731}, {5, .0058773}}},
      {"gelu",
       [](double z) { return 0.5 * z * std::erfc(-z / std::sqrt(2)); },
       {{0, .2820948}, {1, .5}, {2, .2992067}, {4, -.0719783}}},
      {"tanh", [](double z) { return std::tanh(z); }, {{3, -.1484371912}}},
      {"T3",
       [t](double z) { return z < -t || (z > 0 && z < t) ? 1.0 : -1.0; },
       {{1, 0}, {2, 0}, {3, -.451565}, {5, .465859}, {7, -.407077}}},
  };
  for (const Digits& row : rows) {
    const Expansion found = expand(pointwise(row.f));
    for (const auto& [k, value] : row.coefficients)
      EXPECT_NEAR(found.coefficients[k], value, 5.1e-7) << row.name << ' ' << k;
  }
}

TEST(Expansion, TailEnergyIsWhatIsLeft) {
  const Expansion sign = expand(pointwise([](double z) { return z > 0 ? 1.0 : -1.0; }));
  double kept = 0;
  for (const double c : sign.coefficients) kept += c * c;
  EXPECT_NEAR(sign.second_moment, 1, 1e-13);
  EXPECT_NEAR(sign.tail_energy, 1 - kept, 1e-13);
  EXPECT_NEAR(expand(pointwise([](double z) { return z * z * z; })).tail_energy, 0, 1e-12);
}

// Steps at every power of 1/2: the scan cannot tell the narrow ones apart, halving must.
TEST(Expansion, KeepsItsToleranceWhereNoBreakIsFound) {
  const auto steps = [](double z) {
    return z > 0 && z < 1 ? std::pow(2, std::floor(std::log2(z))) : 0;
  };
  const Expansion found = expand(pointwise(steps), {.max_order = 2});
  std::array<double, 3> exact = {};
  for (int j = 1; j < 60; ++j) {
    for (int k = 0; k <= 2; ++k) {
      exact[static_cast<std::size_t>(k)] +=
          std::pow(2, -j) *
          (step_coefficient(k, std::pow(2, -j)) - step_coefficient(k, std::pow(2, 1 - j)));
    }
  }
  for (std::size_t k = 0; k <= 2; ++k)
    EXPECT_NEAR(found.coefficients[k], exact[k], 1e-12) << k;  // the tolerance asked for
}

TEST(Expansion, UsesBreaksThatItIsTold) {
  // The slot is narrower than any grid: without being told, nothing could know of it.
  const double a = 0.1234567, b = a + 1e-6;
  const auto slot = pointwise([=](double z) { return z > a && z < b ? 1e6 : 0.0; });
  const Expansion found = expand(slot, {.max_order = 1, .breakpoints = {a, b}});
  EXPECT_NEAR(found.coefficients[0], density(a), 1e-6);
}

TEST(Expansion, NamesTheIntervalWhereAFunctionIsUndefined) {
  const auto message = [](auto f) {
    return testing::message_of<InvalidArgument>([&] { expand(pointwise(f)); });
  };
  const std::string end = "; give one that is finite for almost every z.";
  EXPECT_EQ(message([](double z) { return std::log(z); }),
            "[hermite::expand] the function is infinite or undefined for z < 0" + end);
  EXPECT_EQ(
      message([](double z) { return std::sqrt(z * z - 2); }),
      "[hermite::expand] the function is infinite or undefined for -1.41421 < z < 1.41421" + end);
  EXPECT_EQ(message([](double z) { return z > 3 ? 1 / 0.0 : z; }),
            "[hermite::expand] the function is infinite or undefined for z > 3" + end);
  EXPECT_EQ(message([](double) { return std::nan(""); }),
            "[hermite::expand] the function is infinite or undefined for every z" + end);
}

TEST(Expansion, RefusesAFunctionWithoutSecondMoment) {
  EXPECT_NE(testing::message_of<InvalidArgument>([] {
              expand(pointwise([](double z) { return std::exp(z * z / 4); }));
            }).find("grows so fast"),
            std::string::npos);
  EXPECT_FALSE(expand(pointwise([](double z) { return 1 / z; }), {.max_order = 3}).converged);
}

}  // namespace
}  // namespace thalweg::hermite
