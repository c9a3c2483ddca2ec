#include "thalweg/index/smoothed_sgd.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "index/hermite_link.hpp"
#include "index/sphere_walker.hpp"
#include "index/two_sample.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/reduced_chain.hpp"
#include "thalweg/index/smoothing.hpp"

namespace thalweg::testing {
namespace {

using estimation::overlap_squared;
using estimation::PlantedModel;
using estimation::Target;
using index::online_sgd;
using index::smoothed_sgd;
using index::SmoothedSgdOptions;
using Radius = SmoothedSgdOptions::Radius;
using Samples = std::vector<std::int64_t>;

double overlap2(const estimation::Estimator& method,
                const PlantedModel& model,
                const Target& target,
                std::int64_t rows,
                std::uint64_t seed = 0) {
  const auto found = method.estimate(model, target, Samples{rows}, {.key = Key{77}.with(seed)});
  return overlap_squared(model.directions(), found.at(0).directions);
}

// Overlaps after a fixed number of rows, 150 independent runs of the estimator against as many
// reduced chains; false alarms at a rate of 1e-4 a case. Even orders with a known link: one chain.
TEST(SmoothedSgd, HasTheLawOfTheReducedChain) {
  struct Case {
    int k, d;
    Radius radius;
    std::int64_t rows;
  };
  constexpr std::uint64_t kSeeds = 150;
  for (const Case c : {Case{2, 24, Radius::kNone, 250}, Case{4, 12, Radius::kDefault, 1200}}) {
    const auto link = hermite_link(c.k);
    const auto method = smoothed_sgd({.radius = c.radius, .batch = 1});
    const double radius = c.radius == Radius::kNone ? 0 : index::default_radius(c.k, c.d);
    std::vector<double> vector, chain, start;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const PlantedModel model(link, {}, c.d, c.rows, Key{5}.with(seed));
      vector.push_back(overlap2(*method, model, {.order = c.k, .link = link}, c.rows, seed));
      start.push_back(index::uniform_direction(c.d, Key{6}.with(seed))[0]);
    }
    const auto paths =
        index::reduced_chain({.dimension = c.d,
                              .link = link,
                              .student = index::hermite_student(c.k),
                              .radius = radius,
                              .learning_rate = index::default_learning_rate(c.k, c.d, radius, 1),
                              .steps = c.rows,
                              .overlap2_goal = 2},
                             start,
                             Samples{c.rows},
                             Key{7});
    for (const auto& path : paths) chain.push_back(path.overlaps[0] * path.overlaps[0]);
    EXPECT_LT(two_sample_distance(vector, chain), two_sample_bound(kSeeds, kSeeds, 1e-4))
        << c.k << " " << radius;
  }
}

TEST(SmoothedSgd, FindsTheDirectionWithAndWithoutTheLink) {
  const auto link = index::parse_formula("T3");
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const PlantedModel model(link, {}, 40, 30'000, Key{8}.with(seed));
    EXPECT_GT(overlap2(*smoothed_sgd(), model, {.order = 3, .link = link}, 30'000), 0.97);
    EXPECT_GT(overlap2(*smoothed_sgd(), model, {.order = 3}, 30'000), 0.97);
  }
}

// Four seeds each: the sign of an even link is found out, and either sign of the start will do.
TEST(SmoothedSgd, FindsTheSign) {
  for (const std::string text : {"cos(z)", "z^2", "-h3(z)", "h3(z)"}) {
    const auto link = index::parse_formula(text);
    const int order = text.ends_with("h3(z)") ? 3 : 2;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const PlantedModel model(link, {}, 30, 20'000, Key{9}.with(seed));
      EXPECT_GT(overlap2(*smoothed_sgd(), model, {.order = order}, 20'000, seed), 0.8)
          << text << " " << seed;
    }
  }
}

TEST(SmoothedSgd, NeedsFewerRowsThanPlainSgd) {
  const auto link = hermite_link(3);
  int smoothed = 0, plain = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const PlantedModel model(link, {}, 64, 12'000, Key{10}.with(seed));
    smoothed += overlap2(*smoothed_sgd(), model, {.order = 3}, 12'000, seed) > 0.5;
    plain += overlap2(*online_sgd(), model, {.order = 3}, 12'000, seed) > 0.5;
  }
  EXPECT_GE(smoothed, 7);
  EXPECT_LE(plain, 2);
}

TEST(SmoothedSgd, EveryVariantFindsTheDirection) {
  const auto link = index::parse_formula("tanh(2*z) - z");  // c_1 < 0, c_3 > 0
  const auto cubic = hermite_link(3);
  const PlantedModel model(cubic, {}, 40, 20'000, Key{11});
  const Target target{.order = 3, .link = cubic};
  for (const SmoothedSgdOptions& options :
       {SmoothedSgdOptions{.radius = Radius::kAutomatic},
        SmoothedSgdOptions{.radius = Radius::kAnnealed},
        SmoothedSgdOptions{.student = SmoothedSgdOptions::Student::kLink},
        SmoothedSgdOptions{.batch = 7}}) {
    EXPECT_GT(overlap2(*smoothed_sgd(options), model, target, 20'000), 0.9);
  }
  const PlantedModel mixed(link, {}, 40, 20'000, Key{12});
  const auto student = smoothed_sgd({.student = SmoothedSgdOptions::Student::kLink});
  EXPECT_GT(overlap2(*student, mixed, {.order = 1, .link = link}, 20'000), 0.9);
}

// 1 - alpha ~ c d / t: sixteen times the rows.
TEST(SmoothedSgd, RefinesWithoutSmoothingInTheEnd) {
  const auto link = hermite_link(2);
  const PlantedModel model(link, {}, 20, 160'000, Key{13});
  const auto found = smoothed_sgd()->estimate(
      model, {.order = 2, .link = link}, Samples{10'000, 160'000}, {.key = Key{1}});
  const double early = 1 - overlap_squared(model.directions(), found[0].directions);
  const double late = 1 - overlap_squared(model.directions(), found[1].directions);
  EXPECT_LT(late, early / 6);
  EXPECT_LT(late, 1e-3);
}

TEST(SmoothedSgd, IsReadOffOnTheWay) {
  const auto link = hermite_link(3);
  const PlantedModel model(link, {}, 30, 5000, Key{14});
  const Target target{.order = 3, .link = link};
  const auto method = smoothed_sgd();
  const auto all = method->estimate(model, target, Samples{1000, 1001, 5000}, {.key = Key{3}});
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Samples alone = {Samples{1000, 1001, 5000}[i]};
    const auto one = method->estimate(model, target, alone, {.key = Key{3}});
    EXPECT_EQ(one[0].directions, all[i].directions);
    EXPECT_NEAR(all[i].directions.norm(), 1, 1e-12);
  }
}

TEST(SmoothedSgd, MorePassesMakeMoreOfTheSameRows) {
  const auto link = hermite_link(3);
  double once = 0, often = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const PlantedModel model(link, {}, 40, 2000, Key{15}.with(seed));
    once += overlap2(*smoothed_sgd(), model, {.order = 3}, 2000, seed);
    often += overlap2(*smoothed_sgd({.passes = 8}), model, {.order = 3}, 2000, seed);
  }
  EXPECT_LT(once, 4 * 0.5);
  EXPECT_GT(often, 4 * 0.7);
}

TEST(SmoothedSgd, TransformsTheResponse) {
  const auto link = index::parse_formula("exp(2*h3(z))");
  const PlantedModel model(link, {}, 30, 20'000, Key{16});
  const Target target{
      .order = 3, .link = {}, .label_transform = [](double y) { return std::atan(std::log(y)); }};
  EXPECT_GT(overlap2(*smoothed_sgd(), model, target, 20'000), 0.9);
}

TEST(SmoothedSgd, StopsWhenInterrupted) {
  const PlantedModel model(hermite_link(3), {}, 30, 50'000, Key{17});
  int questions = 0;
  const auto found = smoothed_sgd()->estimate(
      model, {.order = 3}, Samples{1000, 50'000}, {.interrupted = [&] { return ++questions > 5; }});
  EXPECT_EQ(found.size(), 1U);
}

TEST(SmoothedSgd, RefusesWhatCannotBe) {
  const auto link = hermite_link(2);
  const PlantedModel model(link, {}, 30, 100, Key{18});
  const PlantedModel small(link, {}, 3, 100, Key{18});
  const auto refusal = [&](const PlantedModel& rows, const Target& target, const Samples& samples) {
    return message_of<InvalidArgument>(
        [&] { smoothed_sgd()->estimate(rows, target, samples, {}); });
  };
  EXPECT_EQ(refusal(model, {.directions = 2}, {10}),
            "[smoothed-sgd] finds one direction; 2 were asked for.");
  EXPECT_NE(refusal(model, {.order = 13}, {10}).find("orders 1 to 12; got 13"), std::string::npos);
  EXPECT_NE(refusal(model, {}, {20, 10}).find("must ascend"), std::string::npos);
  EXPECT_NE(refusal(model, {}, {101}).find("to the 100 rows"), std::string::npos);
  EXPECT_NE(refusal(small, {}, {10}).find("four columns"), std::string::npos);
  EXPECT_NE(
      refusal(model, {.label_transform = [](double) { return 1.0; }}, {10}).find("does not vary"),
      std::string::npos);
  EXPECT_THROW(smoothed_sgd({.student = SmoothedSgdOptions::Student::kLink})
                   ->estimate(model, {}, Samples{10}, {}),
               InvalidArgument);
  EXPECT_THROW(smoothed_sgd()->estimate(
                   model, {.label_transform = [](double) { return NAN; }}, Samples{10}, {}),
               NonFinite);
}

}  // namespace
}  // namespace thalweg::testing
