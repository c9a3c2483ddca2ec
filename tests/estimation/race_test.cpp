#include "thalweg/estimation/race.hpp"

#include <atomic>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::estimation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using thalweg::testing::message_of;

/// Overlaps that name their problem: a number of the key, over the size.
std::vector<double> label(double factor,
                          int dimension,
                          std::span<const std::int64_t> samples,
                          Key key) {
  std::vector<double> overlaps;
  for (const auto n : samples)
    overlaps.push_back(factor * dimension * uniform(key, 0) / static_cast<double>(n));
  return overlaps;
}

Racer racer(double factor) {
  return Racer::one_by_one([factor](int dimension, auto samples, Key key) {
    return label(factor, dimension, samples, key);
  });
}

std::map<std::string, Racer> two_racers() { return {{"a", racer(1)}, {"b", racer(2)}}; }

RaceOptions small_options() {
  return {.dimensions = {3, 5}, .samples = {{10, 20}, {10, 30, 50}}, .seeds = 4, .key = Key{7}};
}

void run(Race& race) {
  while (!race.finished()) race.step();
}

TEST(Race, GivesEveryMethodTheSameProblems) {
  Race race(two_racers(), small_options());
  EXPECT_EQ(race.jobs(), 2 * 2 * 4);
  run(race);
  for (std::size_t d = 0; d < 2; ++d) {
    const auto a = race.overlaps("a", d), b = race.overlaps("b", d);
    ASSERT_EQ(a.size(), small_options().samples[d].size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t s = 0; s < 4; ++s) {
        const Key key = Key{7}.with(d == 0 ? 3U : 5U).with(s);
        const double expected =
            (d == 0 ? 3 : 5) * uniform(key, 0) / static_cast<double>(small_options().samples[d][i]);
        EXPECT_EQ(a[i][s], expected);
        EXPECT_EQ(b[i][s], 2 * a[i][s]);
      }
    }
  }
}

TEST(Race, DoesNotDependOnTheThreads) {
  Race one(two_racers(), small_options());
  auto options = small_options();
  options.threads = 3;
  Race three(two_racers(), options);
  run(one);
  run(three);
  EXPECT_EQ(one.state(), three.state());
}

TEST(Race, GivesProblemsTogetherWhereAMethodTakesThem) {
  Race alone(two_racers(), small_options());
  auto racers = two_racers();
  std::vector<std::size_t> counts;
  racers["b"] = {.attempt =
                     [&](int d, std::span<const std::int64_t> samples, std::span<const Key> keys) {
                       counts.push_back(keys.size());
                       return racer(2).attempt(d, samples, keys);
                     },
                 .problems_at_once = 3};
  Race together(racers, small_options());
  EXPECT_EQ(together.jobs(), 2 * 4 + 2 * 2);
  run(alone);
  run(together);
  EXPECT_EQ(together.state(), alone.state());
  EXPECT_EQ(together.overlaps("b", 1), alone.overlaps("b", 1));
  EXPECT_THAT(counts, ElementsAre(3, 3, 1, 1));
}

TEST(Race, GoesOnFromItsState) {
  Race whole(two_racers(), small_options()), first(two_racers(), small_options()),
      second(two_racers(), small_options());
  run(whole);
  for (int i = 0; i < 5; ++i) first.step();
  second.set_state(first.state());
  EXPECT_EQ(second.jobs_done(), 5);
  run(second);
  EXPECT_EQ(second.state(), whole.state());
}

TEST(Race, RunsAllMethodsInAllDimensionsSeedBySeed) {
  Race race(two_racers(), small_options());
  for (int job = 0; job < 4; ++job) race.step();
  for (const char* method : {"a", "b"})
    for (std::size_t d = 0; d < 2; ++d) EXPECT_EQ(race.overlaps(method, d)[0].size(), 1U);
}

TEST(Race, LeavesInterruptedJobsToDo) {
  bool stop = true;
  Race race({{"a", Racer::one_by_one([&](int d, std::span<const std::int64_t> samples, Key key) {
                return label(1, d, stop ? samples.first(1) : samples, key);
              })}},
            small_options());
  race.step();
  EXPECT_EQ(race.jobs_done(), 0);
  stop = false;
  run(race);
  EXPECT_EQ(race.jobs_done(), 8);
}

TEST(Race, SparesAMethodTheSizesBeyondItsMost) {
  auto options = small_options();
  options.most_samples = {{"b", {1, 40}}};
  Race race(two_racers(), options);
  run(race);
  const auto small = race.overlaps("b", 0), large = race.overlaps("b", 1),
             all = race.overlaps("a", 1);
  EXPECT_FALSE(std::isnan(small[0][0]));
  EXPECT_TRUE(std::isnan(small[1][0]));
  EXPECT_EQ(large[1][2], 2 * all[1][2]);
  EXPECT_TRUE(std::isnan(large[2][2]));
}

TEST(Race, SaysWhichMethodFoundNoNumber) {
  Race race({{"bad", Racer::one_by_one([](int, std::span<const std::int64_t> samples, Key) {
                return std::vector<double>(samples.size(),
                                           std::numeric_limits<double>::quiet_NaN());
              })}},
            small_options());
  EXPECT_THAT(message_of<NonFinite>([&] { race.step(); }),
              HasSubstr("[bad] found no finite direction in dimension 3 from 10 samples"));
}

TEST(Race, RefusesWhatIsNoRace) {
  const auto refuses = [](RaceOptions options) {
    return message_of<InvalidArgument>([&] { Race(two_racers(), std::move(options)); });
  };
  auto options = small_options();
  options.seeds = 0;
  EXPECT_THAT(refuses(options), HasSubstr("a seed"));
  options = small_options();
  options.samples[1] = {20, 20};
  EXPECT_THAT(refuses(options), HasSubstr("ascending"));
  options = small_options();
  options.samples.pop_back();
  EXPECT_THAT(refuses(options), HasSubstr("each of the 2 dimensions"));
  Race race(two_racers(), small_options());
  EXPECT_THAT(message_of<InvalidArgument>([&] { race.set_state({1.0}); }), HasSubstr("40 numbers"));
}

}  // namespace
}  // namespace thalweg::estimation
