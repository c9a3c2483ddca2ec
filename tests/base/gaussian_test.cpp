#include "thalweg/base/gaussian.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/targets.h>

namespace thalweg {
namespace {

// Statistical checks have a fixed key; a right generator would fail a check for one key in a
// million.
constexpr double kFalseAlarm = 1e-6;
constexpr double kSigmas = 4.9;  // two-sided normal tail of 1e-6

std::vector<float> gaussians(Key key, std::size_t n, std::uint64_t first = 0) {
  std::vector<float> values(n);
  fill_gaussian(values, key, first);
  return values;
}

double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// (2 j - 1)!! = E[Z^(2 j)].
double even_moment(int power) {
  double product = 1;
  for (int factor = power - 1; factor > 1; factor -= 2) product *= factor;
  return power % 2 == 0 ? product : 0;
}

/// Chooses the kernel for one instruction set, while it lives.
class OneTarget {
 public:
  explicit OneTarget(std::int64_t target) { choose(target); }
  ~OneTarget() { choose(0); }

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST(Gaussian, IsTheExactBoxMullerToTheStatedErrorOnEveryInstructionSet) {
  const Key key{.seed = 0x123456789abcdef0, .purpose = 7};
  auto targets = hwy::SupportedAndGeneratedTargets();
  targets.push_back(HWY_SCALAR);
  for (const std::int64_t target : targets) {
    const OneTarget only(target);
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1} << 40}) {
      const auto values = gaussians(key, 200000, first);
      double error = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        error = std::max(error, std::abs(values[i] - exact_gaussian(key, first + i)));
      EXPECT_LT(error, kGaussianError) << hwy::TargetName(target);
    }
  }
}

TEST(Gaussian, ElementIsAPureFunctionOfKeyAndIndex) {
  const Key key{3};
  const auto all = gaussians(key, 1000);
  for (const std::size_t first : {0, 1, 15, 16, 63, 64, 65, 127, 200}) {
    for (const std::size_t length : {0, 1, 2, 3, 63, 64, 65, 129, 700}) {
      const auto part = gaussians(key, length, first);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + static_cast<long>(first)))
          << first << ' ' << length;
    }
  }
}

TEST(Gaussian, DoublesAreTheFloats) {
  const auto floats = gaussians(Key{4}, 5000, 13);
  std::vector<double> doubles(5000);
  fill_gaussian(doubles, Key{4}, 13);
  EXPECT_TRUE(std::equal(floats.begin(), floats.end(), doubles.begin()));
}

TEST(Gaussian, KeepsToItselfUnderAKey) {
  const Key key{5};
  const std::size_t n = 20000;
  const auto values = gaussians(key, n), others = gaussians(key.with("other"), n);
  std::vector<double> normals(n);
  fill_normal(normals, key);
  double with_other = 0, with_normal = 0, with_next = 0;
  for (std::size_t i = 0; i < n; ++i) {
    with_other += values[i] * others[i];
    with_normal += values[i] * normals[i];
    with_next += values[i] * values[(i + 1) % n];
  }
  const double bound = kSigmas * std::sqrt(static_cast<double>(n));
  EXPECT_LT(std::abs(with_other), bound);
  EXPECT_LT(std::abs(with_normal), bound);
  EXPECT_LT(std::abs(with_next), bound);
}

// The mean of Z^p has variance (E Z^2p - (E Z^p)^2) / n.
TEST(Gaussian, HasTheMomentsOfTheNormalLawToOrderEight) {
  const std::size_t n = 4'000'000;
  const auto values = gaussians(Key{6}, n);
  for (int power = 1; power <= 8; ++power) {
    double sum = 0;
    for (const double value : values) {
      double product = value;
      for (int i = 1; i < power; ++i) product *= value;
      sum += product;
    }
    const double expected = even_moment(power);
    const double variance = even_moment(2 * power) - expected * expected;
    EXPECT_NEAR(sum / static_cast<double>(n),
                expected,
                kSigmas * std::sqrt(variance / static_cast<double>(n)))
        << "order " << power;
  }
}

// Counts beyond a bound are binomial; their spread is that of a Poisson law to a part in a hundred.
TEST(Gaussian, HasTheTailsOfTheNormalLaw) {
  const std::size_t n = 4'000'000;
  const auto values = gaussians(Key{7}, n);
  for (const double bound : {2.0, 3.0, 4.0}) {
    const double expected = 2 * normal_distribution(-bound) * static_cast<double>(n);
    const auto beyond = std::ranges::count_if(values, [&](float v) { return std::abs(v) > bound; });
    EXPECT_NEAR(static_cast<double>(beyond), expected, kSigmas * std::sqrt(expected)) << bound;
  }
  EXPECT_TRUE(std::ranges::all_of(values, [](float v) { return std::abs(v) < 6.77F; }));
}

// Dvoretzky-Kiefer-Wolfowitz, with Massart's constant: P(D > d) <= 2 exp(-2 n d^2).
TEST(Gaussian, IsAsFarFromTheNormalLawAsASampleIs) {
  const std::size_t n = 1'000'000;
  auto values = gaussians(Key{8}, n);
  std::ranges::sort(values);
  double distance = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double expected = normal_distribution(values[i]);
    distance = std::max({distance,
                         expected - static_cast<double>(i) / static_cast<double>(n),
                         static_cast<double>(i + 1) / static_cast<double>(n) - expected});
  }
  EXPECT_LT(distance, std::sqrt(std::log(2 / kFalseAlarm) / (2 * static_cast<double>(n))));
}

}  // namespace
}  // namespace thalweg
