#include "thalweg/index/sample_complexity.hpp"

#include <cmath>
#include <map>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/estimator_names.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

std::optional<double> exponent(const std::string& method, int order) {
  return sample_complexity(
             method,
             {.order = order, .first = order == 1 ? 1.0 : 0.0, .second = order <= 2 ? 1.0 : 0.0})
      .exponent;
}

// The sheets' table of rates: d^{max(1, k/2)} for partial trace, U-statistic and smoothed SGD,
// d^{max(1, k-1)} for online SGD, d^{ceil(k/2)} for averages; SIR sees order 1, SAVE up to 2.
TEST(SampleComplexity, HasTheExponentsOfTheTheory) {
  const std::map<std::string, std::vector<std::optional<double>>> rates = {
      {"sir", {1, {}, {}, {}, {}}},
      {"save", {1, 1, {}, {}, {}}},
      {"partial-trace", {1, 1, 1.5, 2, 2.5}},
      {"u-statistic", {1, 1, 1.5, 2, 2.5}},
      {"smoothed-sgd", {1, 1, 1.5, 2, 2.5}},
      {"online-sgd", {1, 1, 2, 3, 4}},
      {"langevin-average", {1, 1, 2, 2, 3}},
      {"sgd-average", {1, 1, 2, 2, 3}}};
  for (const auto& [method, exponents] : rates)
    for (int order = 1; order <= 5; ++order)
      EXPECT_EQ(exponent(method, order), exponents[static_cast<std::size_t>(order - 1)])
          << method << " at order " << order;
}

TEST(SampleComplexity, OfClassicalMethodsHangsOnOneCoefficient) {
  EXPECT_FALSE(sample_complexity("ols", {.order = 3, .linear = 0}).exponent);
  EXPECT_EQ(sample_complexity("ols", {.order = 3, .linear = 0.1}).exponent, 1);
  EXPECT_EQ(sample_complexity("phd", {.order = 1, .quadratic = 0.1}).exponent, 1);
  EXPECT_FALSE(sample_complexity("phd", {.order = 1}).exponent);
}

// Sheet of the generative exponent, 3.2: overlap^2 = 1 / (1 + d V_3 / (n c^2)), V_3 = (d + 2) / 3,
// and 1
// - 2 d v_4 / (n c^2) with v_4 = (d + 4) / 12 at n = 2 n_c.
TEST(SampleComplexity, OfThePartialTraceAloneIsItsLaw) {
  const auto third = sample_complexity("partial-trace", {.order = 3, .refine = false});
  EXPECT_EQ(third.exponent, 2);
  EXPECT_NEAR(third.prefactor, 1.0 / 3, 1e-15);
  const auto fourth = sample_complexity("partial-trace", {.order = 4});
  EXPECT_EQ(fourth.exponent, 2);
  EXPECT_NEAR(fourth.prefactor, 1.0 / 6, 1e-15);
}

TEST(SampleComplexity, IsNothingWithoutASignal) {
  for (const auto method : kEstimatorNames)
    EXPECT_FALSE(
        sample_complexity(std::string(method), {.order = 2, .correlation = 0, .agnostic = 0})
            .exponent)
        << method;
}

TEST(SampleComplexity, GrowsAsTheSignalFades) {
  EXPECT_DOUBLE_EQ(sample_complexity("sir", {.first = 0.1}).prefactor,
                   10 * sample_complexity("sir", {.first = 1}).prefactor);
}

// T3 = +-1 with c_3 = -.451565 and lambda_3 = |c_3|; flips with probability p take (1 - 2 p)^2 of
// it, a noise of variance 1 half.
TEST(ProblemFacts, AreThoseOfTheNoisyResponse) {
  const auto facts_of = [](const char* formula, const char* noise_text, int order) {
    const auto link = parse_formula(formula);
    const auto noise = estimation::Noise::parse(noise_text);
    return problem_facts(link_exponents(link, LevelSets(link), {.noise = noise}), noise, order);
  };
  const double c2 = 0.451565 * 0.451565;
  const auto clean = facts_of("T3", "none", 3);
  EXPECT_NEAR(clean.correlation, c2, 1e-6);
  EXPECT_NEAR(clean.agnostic, c2, 1e-6);
  EXPECT_EQ(clean.first, 0);
  EXPECT_EQ(clean.second, 0);
  EXPECT_EQ(clean.linear, 0);
  EXPECT_EQ(clean.quadratic, 0);
  EXPECT_NEAR(facts_of("T3", "flip:0.1", 3).correlation, 0.64 * c2, 1e-6);
  EXPECT_NEAR(facts_of("T3", "gaussian:1", 3).correlation, c2 / 2, 1e-6);

  const auto cubic =
      facts_of("h3(z)", "none", 1);  // sees nothing as it comes, .8172097 transformed
  EXPECT_EQ(cubic.correlation, 0);
  EXPECT_NEAR(std::sqrt(cubic.agnostic), 0.8172096864, 1e-6);
}

TEST(SampleComplexity, KnowsEveryMethod) {
  for (const auto method : kEstimatorNames)
    EXPECT_NO_THROW(sample_complexity(std::string(method), {})) << method;
  for (const auto method : kChainNames)
    EXPECT_NO_THROW(sample_complexity(std::string(method), {})) << method;
  EXPECT_THAT(message_of<InvalidArgument>([] { sample_complexity("guess", {}); }),
              HasSubstr("'guess'"));
}

}  // namespace
}  // namespace thalweg::index
