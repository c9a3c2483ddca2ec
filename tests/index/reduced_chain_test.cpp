#include "thalweg/index/reduced_chain.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "index/hermite_link.hpp"
#include "index/kernels/reduced_chain.hpp"
#include "index/two_sample.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/index/smoothing.hpp"

namespace thalweg::testing {
namespace {

using index::hermite_student;
using index::reduced_chain;
using index::ReducedChainOptions;
using index::ReducedChainPath;
using index::SmoothedStudent;

ReducedChainOptions hermite_chain(int k, int d, double radius) {
  const double factorial = std::tgamma(k + 1);
  return {.dimension = d,
          .link = hermite_link(k),
          .student = hermite_student(k),
          .radius = radius,
          .learning_rate =
              0.2 * std::pow(d, -0.5 * k) * std::pow(1 + radius * radius, k - 1) / factorial,
          .steps = 200'000};
}

std::vector<double> passages(const std::vector<ReducedChainPath>& paths) {
  std::vector<double> out;
  for (const auto& path : paths) {
    EXPECT_TRUE(path.passage.has_value());
    out.push_back(static_cast<double>(path.passage.value_or(0)));
  }
  return out;
}

// The algorithm as it is written, in d dimensions.
std::int64_t vector_passage(const ReducedChainOptions& options, int k, double start, Key key) {
  const auto d = static_cast<std::size_t>(options.dimension);
  const SmoothedStudent student(options.student, options.dimension, options.radius);
  std::vector<double> w(d, 0.0), x(d);  // w* = e_1
  w[0] = start;
  w[1] = std::sqrt(1 - start * start);
  for (std::int64_t t = 1;; ++t) {
    fill_normal(x, key.with(static_cast<std::uint64_t>(t)));
    double a = 0, norm2 = 0;
    for (std::size_t i = 0; i < d; ++i) {
      a += w[i] * x[i];
      norm2 += x[i] * x[i];
    }
    const double b = std::sqrt(norm2 - a * a);
    const double g =
        std::clamp(options.learning_rate * hermite::hermite(k, x[0]) * student.derivative(a, b),
                   -options.clip / b,
                   options.clip / b);
    double length2 = 0;
    for (std::size_t i = 0; i < d; ++i) {
      w[i] += g * (x[i] - a * w[i]);
      length2 += w[i] * w[i];
    }
    for (double& value : w) value /= std::sqrt(length2);
    if (w[0] * w[0] >= options.overlap2_goal) return t;
  }
}

// Two independent samples of hitting times, 300 each; false alarms at a rate of 1e-4 a case.
TEST(ReducedChain, HasTheLawOfTheSimulationInDDimensions) {
  struct Case {
    int k, d;
    double radius;
  };
  constexpr int kSeeds = 300;
  for (const Case c : {Case{2, 24, 0}, Case{3, 10, 0}, Case{3, 16, 2}, Case{4, 8, 1.6}}) {
    const auto options = hermite_chain(c.k, c.d, c.radius);
    const double start = 1 / std::sqrt(c.d);
    const auto chain = reduced_chain(options, std::vector<double>(kSeeds, start), {}, Key{1});
    std::vector<double> vector;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      vector.push_back(static_cast<double>(vector_passage(options, c.k, start, Key{2}.with(seed))));
    }
    EXPECT_LT(two_sample_distance(passages(chain), vector), two_sample_bound(kSeeds, kSeeds, 1e-4))
        << "k = " << c.k << ", d = " << c.d << ", radius " << c.radius;
  }
}

TEST(ReducedChain, FirstStepIsTheFormula) {
  const auto options = hermite_chain(3, 20, 2);
  const auto paths =
      reduced_chain(options, std::vector{0.2, -0.4}, std::vector<std::int64_t>{1}, Key{3});
  for (std::uint64_t i = 0; i < 2; ++i) {
    const double alpha = i == 0 ? 0.2 : -0.4, beta = std::sqrt(1 - alpha * alpha);
    std::vector<double> a(1), u(1), q(1), noise(1);
    index::kernels::draw_chains_scalar(std::vector{Key{3}.with(i)}, 0, 18, {a, u, q, noise});
    const double b = std::sqrt(u[0] * u[0] + q[0]);
    const SmoothedStudent student(options.student, 20, 2);
    const double g = options.learning_rate * hermite::hermite(3, alpha * a[0] + beta * u[0]) *
                     student.derivative(a[0], b);
    ASSERT_LT(std::abs(g) * b, options.clip);
    EXPECT_NEAR(
        paths[i].overlaps.at(0), (alpha + g * beta * u[0]) / std::sqrt(1 + g * g * b * b), 1e-14);
  }
}

TEST(ReducedChain, IsTheSameOnTwoThreadsAndInAnyCompany) {
  const auto options = hermite_chain(3, 30, 2.3);
  const std::vector<double> start(70, 0.2);
  const auto one = reduced_chain(options, start, {}, Key{4}, 1);
  const auto two = reduced_chain(options, start, {}, Key{4}, 2);
  const auto few = reduced_chain(options, std::span(start).first(5), {}, Key{4}, 1);
  EXPECT_EQ(passages(one), passages(two));
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i].passage, one[i].passage);
}

TEST(ReducedChain, ReadsOverlapsOnTheWay) {
  auto options = hermite_chain(2, 30, 0);
  const std::vector<std::int64_t> samples = {0, 1, 100, 129, 20'000, 200'000};
  const auto path = reduced_chain(options, std::vector{0.2}, samples, Key{5}).at(0);
  ASSERT_EQ(path.overlaps.size(), samples.size());
  EXPECT_EQ(path.overlaps[0], 0.2);
  ASSERT_TRUE(path.passage);
  EXPECT_EQ(path.overlaps[4], path.overlaps[5]) << "the chain had ended";
  EXPECT_GE(path.overlaps[5] * path.overlaps[5], 0.5);

  options.overlap2_goal = 2;
  const auto endless = reduced_chain(options, std::vector{0.2}, samples, Key{5}).at(0);
  EXPECT_FALSE(endless.passage);
  EXPECT_EQ(endless.overlaps[3], path.overlaps[3]);
  EXPECT_GT(std::abs(endless.overlaps[5]), 0.8);
  const auto there =
      reduced_chain(hermite_chain(2, 30, 0), std::vector{0.9}, samples, Key{5}).at(0);
  EXPECT_EQ(there.passage, 0);
}

TEST(ReducedChain, NoiseSlowsItDown) {
  auto options = hermite_chain(2, 30, 0);
  const std::vector<double> start(64, 0.2);
  const auto median = [&] {
    auto times = passages(reduced_chain(options, start, {}, Key{6}));
    std::ranges::nth_element(times, times.begin() + 32);
    return times[32];
  };
  const double clean = median();
  // A sign flipped with probability 1/3 leaves a third of the drift.
  options.noise = {.kind = estimation::Noise::Kind::kFlip, .level = 1.0 / 3};
  EXPECT_GT(median(), 2 * clean);
  options.noise = {.kind = estimation::Noise::Kind::kGaussian, .level = 3};
  EXPECT_GT(median(), 1.5 * clean);
}

TEST(ReducedChain, SaysWhereAResponseIsNotFinite) {
  auto options = hermite_chain(2, 30, 0);
  options.label_transform = [](double y) { return std::log(y); };
  EXPECT_NE(message_of<NonFinite>([&] {
              reduced_chain(options, std::vector{0.2}, {}, Key{1});
            }).find("'h2(z)' is not finite at z = "),
            std::string::npos);
}

TEST(ReducedChain, RefusesWhatCannotBe) {
  const auto options = hermite_chain(3, 30, 2);
  const std::vector<double> start = {1.5};
  EXPECT_THROW(reduced_chain(options, start, {}, Key{1}), InvalidArgument);
  EXPECT_THROW(reduced_chain(options, {}, std::vector<std::int64_t>{7, 3}, Key{1}),
               InvalidArgument);
  EXPECT_THROW(reduced_chain(options, {}, std::vector<std::int64_t>{300'000}, Key{1}),
               InvalidArgument);
  EXPECT_THROW(reduced_chain({.dimension = 30}, {}, {}, Key{1}), InvalidArgument);
}

TEST(ChainDraws, EqualTheirScalarTwin) {
  std::vector<Key> keys;
  for (std::uint64_t i = 0; i < 16; ++i) keys.push_back(Key{~i}.with(i));
  for (const double degrees : {2.0, 5.0, 998.0}) {
    const std::size_t size = 16 * 500;
    const std::uint64_t first = 0xfffffff0U;  // crosses the carry into the second word
    std::vector<double> a(size), u(size), q(size), noise(size);
    std::vector<double> a2(size), u2(size), q2(size), noise2(size);
    index::kernels::draw_chains(keys, first, degrees, {a, u, q, noise});
    index::kernels::draw_chains_scalar(keys, first, degrees, {a2, u2, q2, noise2});
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_NEAR(a[i], a2[i], 2e-14);
      ASSERT_NEAR(u[i], u2[i], 2e-14);
      ASSERT_NEAR(q[i], q2[i], 2e-14 * degrees + 2e-14 * q2[i]);
      ASSERT_NEAR(noise[i], noise2[i], 2e-14);
    }
  }
}

// Mean and variance of the chi-square law, four standard errors each.
TEST(ChainDraws, ChiSquareHasItsMoments) {
  std::vector<Key> keys;
  for (std::uint64_t i = 0; i < index::kernels::kChainLanes; ++i) keys.push_back(Key{9}.with(i));
  for (const double degrees : {2.0, 3.0, 40.0}) {
    const std::size_t size = 40'000 * keys.size();
    std::vector<double> a(size), u(size), q(size), noise(size);
    index::kernels::draw_chains(keys, 0, degrees, {a, u, q, noise});
    double mean = 0, variance = 0;
    for (const double value : q) mean += value / static_cast<double>(size);
    for (const double value : q) {
      variance += (value - degrees) * (value - degrees) / static_cast<double>(size);
    }
    const double se = std::sqrt(2 * degrees / static_cast<double>(size));
    EXPECT_NEAR(mean, degrees, 4 * se);
    // The fourth central moment is 12 degrees (degrees + 4).
    const double variance_of_square = 12 * degrees * (degrees + 4) - 4 * degrees * degrees;
    EXPECT_NEAR(
        variance, 2 * degrees, 4 * std::sqrt(variance_of_square / static_cast<double>(size)));
  }
}

}  // namespace
}  // namespace thalweg::testing
