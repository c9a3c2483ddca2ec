#include "thalweg/index/sample_planner.hpp"

#include <cmath>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "thalweg/index/estimator_names.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

std::map<std::string, SamplesNeeded> plan(const std::string& formula,
                                          double d,
                                          double overlap,
                                          const estimation::Noise& noise = {}) {
  const auto link = parse_formula(formula);
  const auto found = link_exponents(link, LevelSets(link), {.max_order = 6, .noise = noise});
  return samples_needed(found, noise, d, overlap);
}

// [Damian2024] by the project's sheet: T3 at d = 64 has the overlap^2 .234 (.216 measured), .500
// (.475) and .754 (.768) with n = 2112, 6904 and 21120 rows. Its law with V_3 = (d + 2) / 3 and
// lambda_3 = .451565, solved for n.
TEST(SamplePlanner, HasTheLawOfOddOrders) {
  const double noise = 64 * (66.0 / 3) / (0.451565 * 0.451565);
  for (const auto& [n, overlap] : {std::pair{2112.0, 0.234}, {6904.0, 0.500}, {21120.0, 0.754}}) {
    const auto trace = plan("T3", 64, overlap)["partial-trace"];
    EXPECT_TRUE(trace.exact_law);
    EXPECT_NEAR(*trace.samples, noise * overlap / (1 - overlap), 1e-3 * *trace.samples);
    EXPECT_NEAR(*trace.samples, n, 6e-3 * n);  // three digits of the overlap
  }
}

// Even orders: overlap^2 = 1 - n_c / n, n_c = d v_4 / lambda_4^2: .5, .75 and .875 at n / n_c = 2,
// 4 and 8.
TEST(SamplePlanner, HasTheLawOfEvenOrders) {
  const double critical = 64 * (68.0 / 12) / (0.335907 * 0.335907);
  for (const auto& [ratio, overlap] : {std::pair{2.0, 0.5}, {4.0, 0.75}, {8.0, 0.875}}) {
    const auto trace = plan("T4", 64, overlap)["partial-trace"];
    EXPECT_TRUE(trace.exact_law);
    EXPECT_NEAR(*trace.samples, ratio * critical, 1e-4 * ratio * critical);
  }
}

// overlap^2 = 1 / (1 + d E[y^2] / (n c_1^2)), c_1 = sqrt(2 / pi) for sign.
TEST(SamplePlanner, HasTheLawOfLeastSquares) {
  const auto ols = plan("sign", 100, 0.9)["ols"];
  EXPECT_TRUE(ols.exact_law);
  EXPECT_NEAR(*ols.samples, 100 * (std::acos(-1) / 2) * 9, 1e-3 * *ols.samples);
}

TEST(SamplePlanner, NamesEveryMethodAndThoseThatCannotSucceed) {
  const auto needed = plan("T3", 50, 0.5);
  EXPECT_EQ(needed.size(), std::size(kEstimatorNames));
  for (const char* blind : {"ols", "sir", "save", "phd"})
    EXPECT_FALSE(needed.at(blind).samples) << blind;
  for (const char* sighted : {"partial-trace", "u-statistic", "online-sgd", "smoothed-sgd"})
    EXPECT_TRUE(needed.at(sighted).samples) << sighted;
}

// h_3: information exponent 3 but generative exponent 1: only methods that transform labels are
// spared the price of order 3.
TEST(SamplePlanner, LooksAtTheExponentThatAMethodSees) {
  const auto small = plan("h3", 100, 0.5), large = plan("h3", 400, 0.5);
  const auto growth = [&](const char* method) {
    return std::log(*large.at(method).samples / *small.at(method).samples) / std::log(4.0);
  };
  EXPECT_NEAR(growth("u-statistic"), 1, 0.05);
  EXPECT_NEAR(growth("partial-trace"), 1, 0.05);
  EXPECT_NEAR(growth("online-sgd"), 2, 0.05);
  EXPECT_FALSE(small.at("ols").samples);
}

// Flips with probability 0.2 shrink lambda_3 and c_3 by 0.6: trace and U-statistic pay the square,
// smoothing, whose law has 1 / c, no less than that.
TEST(SamplePlanner, AsksForMoreWithNoiseAndForHigherOverlaps) {
  const estimation::Noise noise = estimation::Noise::parse("flip:0.2");
  auto clean = plan("T3", 50, 0.5), noisy = plan("T3", 50, 0.5, noise);
  const auto ratio = [&](const char* method) {
    return *noisy[method].samples / *clean[method].samples;
  };
  EXPECT_NEAR(ratio("partial-trace"), 1 / 0.36, 1e-6);
  EXPECT_GE(ratio("u-statistic"), 1 / 0.36 - 1e-6);
  EXPECT_GE(ratio("smoothed-sgd"), 1 / 0.6 - 1e-6);
  for (const auto& [method, need] : plan("T3", 50, 0.9)) {
    if (!need.samples) continue;
    EXPECT_GT(*need.samples, *clean[method].samples) << method;
  }
}

}  // namespace
}  // namespace thalweg::index
