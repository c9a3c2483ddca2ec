#include "thalweg/index/sample_complexity.hpp"

#include <map>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/estimator_names.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

std::optional<double> exponent(const std::string& method, int order) {
  return sample_complexity(method, {.order = order}).exponent;
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
    EXPECT_FALSE(sample_complexity(std::string(method), {.order = 2, .signal = 0}).exponent)
        << method;
}

TEST(SampleComplexity, GrowsAsTheSignalFades) {
  EXPECT_DOUBLE_EQ(sample_complexity("sir", {.signal = 0.1}).prefactor,
                   10 * sample_complexity("sir", {.signal = 1}).prefactor);
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
