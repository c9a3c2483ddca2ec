#include "thalweg/base/random.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

// Every statistical check below has a fixed key, so it either always passes or always fails; its
// threshold is such that a correct generator would fail for fewer than one key in a million.
constexpr double kFalseAlarm = 1e-6;
constexpr double kSigmas = 4.9;  // two-sided normal tail of 1e-6

std::vector<double> normals(Key key, std::size_t n) {
  std::vector<double> values(n);
  fill_normal(values, key);
  return values;
}

std::vector<double> uniforms(Key key, std::size_t n) {
  std::vector<double> values(n);
  fill_uniform(values, key);
  return values;
}

double mean_power(const std::vector<double>& values, int power) {
  double sum = 0;
  for (const double value : values) {
    sum += std::pow(value, power);
  }
  return sum / static_cast<double>(values.size());
}

// Kolmogorov-Smirnov distance between the sample and the distribution function.
template <typename Distribution>
double kolmogorov_smirnov(std::vector<double> values, Distribution distribution) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = distribution(values[i]);
    distance = std::max({distance,
                         expected - static_cast<double>(i) / n,
                         static_cast<double>(i + 1) / n - expected});
  }
  return distance;
}

// Dvoretzky-Kiefer-Wolfowitz, with Massart's constant: P(D > d) <= 2 exp(-2 n d^2).
double kolmogorov_smirnov_bound(std::size_t n) {
  return std::sqrt(std::log(2 / kFalseAlarm) / (2 * static_cast<double>(n)));
}

// Laurent-Massart: P(chi2_k > k + 2 sqrt(k t) + 2 t) <= exp(-t).
double chi_square_bound(double degrees) {
  const double t = std::log(1 / kFalseAlarm);
  return degrees + 2 * std::sqrt(degrees * t) + 2 * t;
}

// Random123 1.14, tests/kat_vectors, lines "philox4x32 10".
TEST(Philox, MatchesPublishedVectors) {
  using Counter = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomBits, AreThePhiloxBlockOfSeedPurposeAndIndex) {
  const Key key{0x0123456789abcdef, 0xfedcba9876543210};
  const std::uint64_t block = 0x1122334455667788;
  const auto words =
      philox({0x55667788, 0x11223344, 0x76543210, 0xfedcba98}, {0x89abcdef, 0x01234567});
  EXPECT_EQ(random_bits(key, 2 * block), words[0] | std::uint64_t{words[1]} << 32);
  EXPECT_EQ(random_bits(key, 2 * block + 1), words[2] | std::uint64_t{words[3]} << 32);
}

TEST(Normal, IsBoxMullerOfTheUniforms) {
  const Key key{3, 5};
  for (std::uint64_t pair = 0; pair < 100; ++pair) {
    const double radius = std::hypot(normal(key, 2 * pair), normal(key, 2 * pair + 1));
    const double angle = std::atan2(normal(key, 2 * pair + 1), normal(key, 2 * pair));
    const double expected_angle = std::remainder(2 * M_PI * uniform(key, 2 * pair + 1), 2 * M_PI);
    EXPECT_NEAR(radius, std::sqrt(-2 * std::log1p(-uniform(key, 2 * pair))), 1e-13);
    EXPECT_NEAR(angle, expected_angle, 1e-13);
  }
}

class FillTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FillTest, AgreesWithSingleElements) {
  const Key key = Key{7}.with("fill");
  for (const std::size_t n : {0, 1, 2, 3, 17, 64, 65}) {
    std::vector<double> u(n);
    std::vector<double> z(n);
    std::vector<float> u32(n);
    std::vector<float> z32(n);
    fill_uniform(u, key, GetParam());
    fill_normal(z, key, GetParam());
    fill_uniform(u32, key, GetParam());
    fill_normal(z32, key, GetParam());
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(u[i], uniform(key, GetParam() + i));
      EXPECT_EQ(z[i], normal(key, GetParam() + i));
      EXPECT_EQ(u32[i], static_cast<float>(u[i]));
      EXPECT_EQ(z32[i], static_cast<float>(z[i]));
    }
  }
}

TEST_P(FillTest, InPiecesEqualsWhole) {
  const Key key{11};
  constexpr std::size_t kLength = 1000;
  std::vector<double> whole(kLength);
  fill_normal(whole, key, GetParam());
  for (const std::size_t piece : {1, 2, 3, 7, 64, 999}) {
    std::vector<double> pieces(kLength);
    for (std::size_t begin = 0; begin < kLength; begin += piece) {
      const std::size_t length = std::min(piece, kLength - begin);
      fill_normal(std::span(pieces).subspan(begin, length), key, GetParam() + begin);
    }
    EXPECT_EQ(pieces, whole) << "pieces of " << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(AnyFirst, FillTest, testing::Values(0, 1, 2, 7, (1ULL << 33) - 5));

TEST(Normal, HasTheMomentsOfAGaussian) {
  constexpr std::size_t kSamples = 1'000'000;
  const auto values = normals(Key{1}.with("moments"), kSamples);
  const double root_n = std::sqrt(static_cast<double>(kSamples));
  // Standard deviations of x, x^2, x^3, x^4 under N(0, 1): 1, sqrt 2, sqrt 15, sqrt 96.
  EXPECT_NEAR(mean_power(values, 1), 0, kSigmas * 1 / root_n);
  EXPECT_NEAR(mean_power(values, 2), 1, kSigmas * std::sqrt(2.0) / root_n);
  EXPECT_NEAR(mean_power(values, 3), 0, kSigmas * std::sqrt(15.0) / root_n);
  EXPECT_NEAR(mean_power(values, 4), 3, kSigmas * std::sqrt(96.0) / root_n);
  EXPECT_LT(*std::max_element(values.begin(), values.end()), 8.6);
}

TEST(Normal, PassesKolmogorovSmirnov) {
  constexpr std::size_t kSamples = 1'000'000;
  const auto cdf = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  EXPECT_LT(kolmogorov_smirnov(normals(Key{2}, kSamples), cdf), kolmogorov_smirnov_bound(kSamples));
}

TEST(Uniform, PassesKolmogorovSmirnovAndStaysInRange) {
  constexpr std::size_t kSamples = 1'000'000;
  const auto values = uniforms(Key{3}, kSamples);
  EXPECT_LT(kolmogorov_smirnov(values, [](double x) { return x; }),
            kolmogorov_smirnov_bound(kSamples));
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  EXPECT_GE(*least, 0.0);
  EXPECT_LT(*most, 1.0);
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / static_cast<double>(a.size());
}

TEST(Streams, AreUncorrelated) {
  constexpr std::size_t kSamples = 200'000;
  const double bound = kSigmas / std::sqrt(static_cast<double>(kSamples));
  const Key root{42};
  const auto base = normals(root, kSamples);
  const std::vector<Key> others = {Key{43},
                                   root.with("a"),
                                   root.with("b"),
                                   root.with(0),
                                   root.with(1),
                                   root.with("a").with("b"),
                                   root.with("b").with("a")};
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto stream = normals(others[i], kSamples);
    EXPECT_LT(std::abs(correlation(base, stream)), bound) << i;
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_LT(std::abs(correlation(stream, normals(others[j], kSamples))), bound) << i << j;
    }
  }
}

TEST(Streams, NeighboursWithinOneAreUncorrelated) {
  constexpr std::size_t kSamples = 500'000;
  const double bound = kSigmas / std::sqrt(static_cast<double>(kSamples));
  const auto values = normals(Key{44}, kSamples + 3);
  for (const std::ptrdiff_t lag : {1, 2, 3}) {
    const std::vector<double> head(values.begin(), values.begin() + kSamples);
    const std::vector<double> shifted(values.begin() + lag, values.begin() + lag + kSamples);
    EXPECT_LT(std::abs(correlation(head, shifted)), bound) << lag;
  }
}

TEST(Key, WithGivesDistinctPurposesAndKeepsTheSeed) {
  const Key root{9};
  std::set<std::uint64_t> purposes = {root.purpose};
  constexpr std::uint64_t kNumbers = 100'000;
  for (std::uint64_t i = 0; i < kNumbers; ++i) {
    EXPECT_EQ(root.with(i).seed, root.seed);
    purposes.insert(root.with(i).purpose);
    purposes.insert(root.with(std::to_string(i)).purpose);
  }
  EXPECT_EQ(purposes.size(), 1 + 2 * kNumbers);
  EXPECT_NE(root.with("a").with("b").purpose, root.with("b").with("a").purpose);
  EXPECT_NE(root.with("ab").purpose, root.with("a").with("b").purpose);
  EXPECT_NE(root.with("").purpose, root.purpose);
}

// A stream is named in checkpoints and papers: its numbers must not change between versions.
TEST(Key, PurposesAndNumbersAreFrozen) {
  const Key key = Key{2024}.with("weights").with(3);
  EXPECT_EQ(key.purpose, 5811231030057346033U);
  EXPECT_EQ(random_bits(key, 5), 14040816618008518368U);
}

TEST(RandomPermutation, HoldsEveryIndexOnce) {
  for (const std::int64_t n : {0, 1, 2, 3, 1000}) {
    auto order = random_permutation(n, Key{5});
    std::sort(order.begin(), order.end());
    std::vector<std::int64_t> identity(static_cast<std::size_t>(n));
    std::iota(identity.begin(), identity.end(), 0);
    EXPECT_EQ(order, identity);
  }
}

TEST(RandomPermutation, IsUniformOverAllOrders) {
  constexpr int kOrders = 120;  // 5!
  constexpr int kDraws = 100 * kOrders;
  std::map<std::vector<std::int64_t>, int> counts;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    ++counts[random_permutation(5, Key{6}.with(i))];
  }
  ASSERT_EQ(counts.size(), static_cast<std::size_t>(kOrders));
  double chi_square = 0;
  constexpr double kExpected = static_cast<double>(kDraws) / kOrders;
  for (const auto& [order, count] : counts) {
    chi_square += (count - kExpected) * (count - kExpected) / kExpected;
  }
  EXPECT_LT(chi_square, chi_square_bound(kOrders - 1));
}

TEST(RandomPermutation, RefusesNegativeLength) {
  EXPECT_THROW(random_permutation(-1, Key{}), InvalidArgument);
}

}  // namespace
}  // namespace thalweg
