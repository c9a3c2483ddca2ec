#include "thalweg/index/optimal_transform.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/gaussian.hpp"
#include "thalweg/hermite/expansion.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/generative_exponent.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

struct Prepared {
  std::shared_ptr<const estimation::LinkFunction> link;
  std::vector<double> lambdas;
  std::function<double(double)> transform;
};

Prepared prepare(const std::string& formula, int k, const std::string& noise = "none") {
  Prepared p{.link = parse_formula(formula), .lambdas = {}, .transform = {}};
  const auto parsed = estimation::Noise::parse(noise);
  const LevelSets sets(p.link);
  p.lambdas = link_exponents(p.link, sets, {.max_order = 6, .noise = parsed}).lambdas.values;
  p.transform = optimal_transform(*p.link, sets, parsed, k, p.lambdas[static_cast<std::size_t>(k)]);
  return p;
}

hermite::Expansion expand_transform(const Prepared& p, int k) {
  return hermite::expand(
      [&](std::span<const double> z, std::span<double> y) {
        p.link->evaluate(z, y);
        for (double& value : y) value = p.transform(value);
      },
      {.max_order = k, .tolerance = 1e-6, .breakpoints = p.link->breakpoints()});
}

// By Cauchy and Schwarz no function T of the response has E[T h_k] > lambda_k ||T||, and zeta_k has
// equality; clipping its half percent costs no more than two percent. Lower orders stay unseen.
TEST(OptimalTransform, CorrelatesWithItsOrderAsMuchAsCanBe) {
  const std::vector<std::pair<const char*, int>> cases = {{"tanh(z)", 1},
                                                          {"T3", 3},
                                                          {"z^2", 2},
                                                          {"relu(z)", 1},
                                                          {"h3(z)", 1},
                                                          {"sin(3*z)", 1},
                                                          {"T4", 4},
                                                          {"z^2*exp(-z^2)", 4}};
  for (const auto& [formula, k] : cases) {
    const auto p = prepare(formula, k);
    const auto expansion = expand_transform(p, k);
    const double lambda = p.lambdas[static_cast<std::size_t>(k)];
    const double efficiency =
        expansion.coefficients.back() / (lambda * std::sqrt(expansion.second_moment));
    EXPECT_LT(efficiency, 1 + 1e-6) << formula;
    EXPECT_GT(efficiency, 0.98) << formula;
    for (int j = 0; j < k; ++j)
      EXPECT_NEAR(expansion.coefficients[static_cast<std::size_t>(j)], 0, 0.02) << formula << j;
  }
}

// tanh gives z away: T = z clipped at 3, with E[T Z] = P(|Z| < 3).
TEST(OptimalTransform, LosesToClippingWhatClippingTakes) {
  EXPECT_NEAR(expand_transform(prepare("tanh(z)", 1), 1).coefficients[1],
              std::erf(3 / std::sqrt(2.0)),
              1e-5);
}

// Injective links give z away: T(y) = z, clipped at 3.
TEST(OptimalTransform, InvertsInjectiveLinks) {
  const auto p = prepare("z^3 + z", 1);
  for (const double z : {-2.5, -0.3, 0.0, 1.0, 2.9})
    EXPECT_NEAR(p.transform(z * z * z + z), z, 1e-4) << z;
  EXPECT_EQ(p.transform(1000), 3);
  EXPECT_EQ(p.transform(-1000), -3);
}

// Signs flipped with probability p: E[h_3 | y] shrinks by 1 - 2p, lambda as well.
TEST(OptimalTransform, KnowsFlips) {
  const auto clean = prepare("T3", 3), flipped = prepare("T3", 3, "flip:0.1");
  EXPECT_NEAR(flipped.lambdas[3], 0.8 * clean.lambdas[3], 1e-9);
  for (const double y : {-1.0, 1.0}) EXPECT_NEAR(flipped.transform(y), clean.transform(y), 1e-9);
}

// y = z + s g: E[z | y] = y / (1 + s^2), lambda_1 = 1 / sqrt(1 + s^2).
TEST(OptimalTransform, IsTheRegressionUnderNormalNoise) {
  const double s = 0.7;
  const auto p = prepare("z", 1, "gaussian:0.7");
  for (const double y : {-3.0, -0.4, 0.0, 1.3, 2.8})
    EXPECT_NEAR(p.transform(y), y / std::sqrt(1 + s * s), 2e-3) << y;
}

TEST(OptimalTransform, RefusesOrdersWithoutASignal) {
  const auto link = parse_formula("z^2");
  const LevelSets sets(link);
  EXPECT_THAT(message_of<InvalidArgument>([&] { optimal_transform(*link, sets, {}, 1, 0); }),
              HasSubstr("order 1 with lambda 0"));
}

}  // namespace
}  // namespace thalweg::index
