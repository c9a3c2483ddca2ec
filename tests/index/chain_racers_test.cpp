#include "thalweg/index/chain_racers.hpp"

#include <cmath>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/estimation/exponent_fit.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

estimation::Target target(const std::string& link, int order) {
  return {.order = order, .link = parse_formula(link)};
}

std::vector<Key> keys(int count) {
  std::vector<Key> result;
  for (int i = 0; i < count; ++i) result.push_back(Key{1}.with(static_cast<std::uint64_t>(i)));
  return result;
}

TEST(ChainRacer, StandsStillOnceItHasFoundHalf) {
  const auto racer = chain_racer("smoothed-sgd-chain", target("h3(z)", 3), {});
  const std::vector<std::int64_t> samples = {100, 1000, 10000, 20000, 40000};
  const auto overlaps2 = racer.attempt(32, samples, keys(5));
  ASSERT_EQ(overlaps2.size(), 5U);
  for (const auto& path : overlaps2) {
    ASSERT_EQ(path.size(), samples.size());
    EXPECT_LT(path[0], 0.5);
    EXPECT_GE(path[3], 0.5);
    EXPECT_EQ(path[4], path[3]);
  }
}

// The sheet's own vector simulation took 2134 samples at the median (10 seeds, batches of ten and a
// constant learning rate): the same up to a factor of 1.5.
TEST(ChainRacer, NeedsAsManySamplesAsTheVectors) {
  const auto racer = chain_racer("smoothed-sgd-chain", target("h3(z)", 3), {});
  const std::vector<std::int64_t> samples = {400, 600, 900, 1400, 2000, 3000, 4500, 7000, 10000};
  std::vector<std::vector<double>> by_size(samples.size());
  const auto all = keys(48);
  for (std::size_t first = 0; first < all.size(); first += 16) {
    for (const auto& path : racer.attempt(32, samples, std::span(all).subspan(first, 16)))
      for (std::size_t i = 0; i < samples.size(); ++i) by_size[i].push_back(path[i]);
  }
  const auto half = estimation::samples_to_half(samples, by_size, Key{2});
  EXPECT_LT(std::abs(std::log(*half.samples / 2134)), std::log(1.5));
}

TEST(ChainRacer, RefusesWhatHasNoChain) {
  EXPECT_THAT(
      message_of<InvalidArgument>([] { chain_racer("online-sgd-chain", target("z1*z2", 2), {}); }),
      HasSubstr("one variable"));
  EXPECT_THAT(message_of<InvalidArgument>([] { chain_racer("ols-chain", target("h3(z)", 3), {}); }),
              HasSubstr("no chain called 'ols-chain'"));
}

}  // namespace
}  // namespace thalweg::index
