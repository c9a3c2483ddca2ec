#include "thalweg/estimation/exponent_fit.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/gaussian.hpp"

namespace thalweg::estimation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using thalweg::testing::message_of;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<std::int64_t> geometric_sizes(double first, double ratio, std::size_t count) {
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < count; ++i)
    sizes.push_back(std::llround(first * std::pow(ratio, static_cast<double>(i))));
  return sizes;
}

/// Seed s reaches overlap^2 = 1 at n_s = median exp(spread g_s) samples, and 0 before.
std::vector<std::vector<double>> threshold_overlaps(
    std::span<const std::int64_t> sizes, int seeds, double median, double spread, Key key) {
  std::vector<double> g(static_cast<std::size_t>(seeds));
  fill_gaussian(g, key);
  std::vector<std::vector<double>> overlaps(sizes.size(), std::vector<double>(g.size()));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    for (std::size_t s = 0; s < g.size(); ++s)
      overlaps[i][s] = static_cast<double>(sizes[i]) >= median * std::exp(spread * g[s]) ? 1 : 0;
  return overlaps;
}

TEST(IsotonicRegression, PoolsWhatFalls) {
  EXPECT_THAT(
      isotonic_regression(std::vector{0.0, 0.4, 0.2, 1.0}),
      ElementsAre(0.0, ::testing::DoubleNear(0.3, 1e-15), ::testing::DoubleNear(0.3, 1e-15), 1.0));
  EXPECT_THAT(isotonic_regression(std::vector{3.0, 2.0, 1.0}), ElementsAre(2.0, 2.0, 2.0));
  EXPECT_THAT(isotonic_regression(std::vector{1.0, 2.0, 3.0}), ElementsAre(1.0, 2.0, 3.0));
  EXPECT_TRUE(isotonic_regression({}).empty());
}

TEST(SamplesToHalf, InterpolatesInTheLogarithm) {
  // One of four at 100, three of four at 400: half in the middle of the logarithms.
  const std::vector<std::vector<double>> overlaps = {{0, .6, 0, .1}, {.9, .5, .7, .2}};
  const auto half = samples_to_half(std::vector<std::int64_t>{100, 400}, overlaps, Key{1});
  EXPECT_NEAR(*half.samples, 200, 1e-9);
}

TEST(SamplesToHalf, IsNothingWhereTheSizesDoNotEncloseIt) {
  const std::vector<std::int64_t> sizes = {10, 20};
  EXPECT_FALSE(samples_to_half(sizes, {{0, 0, 0}, {1, 0, 0}}, Key{}).samples);
  EXPECT_FALSE(samples_to_half(sizes, {{1, 1, 0}, {1, 1, 1}}, Key{}).samples);
  EXPECT_FALSE(samples_to_half(sizes, {{kNaN, kNaN}, {kNaN, kNaN}}, Key{}).samples);
}

TEST(SamplesToHalf, PassesOverSizesThatWereNotRun) {
  const std::vector<std::int64_t> sizes = {100, 400, 800};
  const auto half =
      samples_to_half(sizes, {{0, 1, 0, 0}, {1, 1, 1, 0}, {kNaN, kNaN, kNaN, kNaN}}, Key{1});
  EXPECT_NEAR(*half.samples, 200, 1e-9);
}

// All seeds cross between the same two sizes: the place in the gap is unknown, uniform, of standard
// deviation gap / sqrt(12). 2,000 draws know it to 1.6 % (4.9 standard errors: 8 %).
TEST(SamplesToHalf, CountsTheGapItJumpsOver) {
  const auto half =
      samples_to_half(std::vector<std::int64_t>{100, 300}, {{0, 0}, {1, 1}}, Key{2}, 2000);
  EXPECT_NEAR(half.log_se, std::log(3.0) / std::sqrt(12.0), 0.08 * std::log(3.0) / std::sqrt(12.0));
}

TEST(SamplesToHalf, RefusesOverlapsOfAnotherShape) {
  const std::vector<std::int64_t> sizes = {10, 20};
  EXPECT_THAT(message_of<InvalidArgument>([&] { samples_to_half(sizes, {{1.0}}, Key{}); }),
              HasSubstr("got 1 rows"));
  EXPECT_THAT(message_of<InvalidArgument>([&] {
                samples_to_half(sizes, {{1.0}, {1.0, 1.0}}, Key{});
              }),
              HasSubstr("for each of the 2"));
}

// Over 400 worlds with a known median, the error in units of the stated standard error has standard
// deviation about 1 (itself known to 3.5 %).
TEST(SamplesToHalf, StatesTheErrorThatItMakes) {
  const auto sizes = geometric_sizes(100, 1.4, 14);
  const double median = 900;
  const int worlds = 400;
  double sum = 0, squares = 0;
  for (int world = 0; world < worlds; ++world) {
    const Key key = Key{3}.with(static_cast<std::uint64_t>(world));
    const auto half = samples_to_half(
        sizes, threshold_overlaps(sizes, 20, median, 0.5, key), key.with("bootstrap"), 200);
    const double z = std::log(*half.samples / median) / half.log_se;
    sum += z / worlds;
    squares += z * z / worlds;
  }
  EXPECT_NEAR(sum, 0, 4.9 / std::sqrt(worlds));
  EXPECT_NEAR(std::sqrt(squares), 1, 0.2);
}

TEST(FitExponent, FindsTheSlopeOfExactPoints) {
  const std::vector<int> dimensions = {16, 32, 64, 128};
  std::vector<SamplesToHalf> points;
  for (const int d : dimensions) {
    const double n = 3 * std::pow(d, 1.5);
    points.push_back(
        {.samples = n, .log_se = 0.1, .log_replicates = {std::log(n) - .1, std::log(n) + .1}});
  }
  const auto fit = fit_exponent(dimensions, points);
  EXPECT_NEAR(*fit.exponent, 1.5, 1e-12);
  EXPECT_NEAR(std::exp(fit.log_prefactor), 3, 1e-11);
}

TEST(FitExponent, WeighsPointsByTheirErrors) {
  const std::vector<int> dimensions = {10, 100, 1000};
  std::vector<SamplesToHalf> points = {{.samples = 10, .log_se = 1e-3, .log_replicates = {0, 0}},
                                       {.samples = 100, .log_se = 1e-3, .log_replicates = {0, 0}},
                                       {.samples = 1e6, .log_se = 10, .log_replicates = {0, 0}}};
  EXPECT_NEAR(*fit_exponent(dimensions, points).exponent, 1, 1e-6);
}

TEST(FitExponent, PassesOverPointsThatAreNotKnown) {
  const std::vector<int> dimensions = {10, 20, 40};
  std::vector<SamplesToHalf> points = {
      {.samples = 100, .log_se = 1, .log_replicates = {4.5, 4.7}},
      {},
      {.samples = 1600, .log_se = 1, .log_replicates = {7.3, 7.4}}};
  EXPECT_NEAR(*fit_exponent(dimensions, points).exponent, 2, 1e-12);
  points[2] = {};
  EXPECT_FALSE(fit_exponent(dimensions, points).exponent);
}

// 300 worlds n = 5 d^2: slope and curvature in units of their stated errors have mean 0 and
// standard deviation about 1; and a law that is no power shows.
TEST(FitExponent, StatesTheErrorThatItMakes) {
  const std::vector<int> dimensions = {16, 32, 64, 128};
  const int worlds = 300;
  const auto fit_of = [&](int world, auto median_of) {
    const Key key = Key{4}.with(static_cast<std::uint64_t>(world));
    std::vector<SamplesToHalf> points;
    for (const int d : dimensions) {
      const double median = median_of(d);
      const auto sizes = geometric_sizes(median / 10, 1.4, 15);
      const Key own = key.with(static_cast<std::uint64_t>(d));
      points.push_back(samples_to_half(
          sizes, threshold_overlaps(sizes, 20, median, 0.4, own), own.with("bootstrap"), 200));
    }
    return fit_exponent(dimensions, points);
  };
  double slope = 0, slope_squares = 0, curvature = 0, curvature_squares = 0;
  for (int world = 0; world < worlds; ++world) {
    const auto fit = fit_of(world, [](double d) { return 5 * d * d; });
    const double z = (*fit.exponent - 2) / fit.se;
    slope += z / worlds;
    slope_squares += z * z / worlds;
    curvature += fit.curvature / worlds;
    curvature_squares += fit.curvature * fit.curvature / worlds;
  }
  EXPECT_NEAR(slope, 0, 4.9 / std::sqrt(worlds));
  EXPECT_NEAR(curvature, 0, 4.9 / std::sqrt(worlds));
  EXPECT_NEAR(std::sqrt(slope_squares), 1, 0.2);
  EXPECT_NEAR(std::sqrt(curvature_squares), 1, 0.2);

  const auto bent =
      fit_of(0, [](double d) { return 5 * std::exp(0.4 * std::log(d) * std::log(d)); });
  EXPECT_GT(bent.curvature, 2);
}

}  // namespace
}  // namespace thalweg::estimation
