#include "thalweg/index/level_sets.hpp"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

double phi(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

LevelSets level_sets(const std::string& formula) { return LevelSets(parse_formula(formula)); }

TEST(LevelSets, FindsBranchesBetweenCriticalPoints) {
  const auto sets = level_sets("z^3-3*z");
  ASSERT_EQ(sets.branches().size(), 3);
  EXPECT_NEAR(sets.branches()[0].to, -1, 1e-7);
  EXPECT_NEAR(sets.branches()[1].to, 1, 1e-7);
  EXPECT_NEAR(sets.branches()[0].value_to, 2, 1e-14);
  EXPECT_NEAR(sets.branches()[2].value_from, -2, 1e-14);
  EXPECT_FALSE(sets.even());
  EXPECT_TRUE(sets.atoms().empty());
}

// z = 2 cos(theta + 2 pi j / 3) for y = 2 cos(3 theta).
TEST(LevelSets, FindsPreimagesAndTheirWeights) {
  const auto sets = level_sets("z^3-3*z");
  const std::vector<double> angles = {0.1, 0.5, 1.0, 1e-3};
  std::vector<double> levels;
  for (const double angle : angles) levels.push_back(2 * std::cos(3 * angle));
  const auto found = sets.preimages(levels);
  for (std::size_t i = 0; i < angles.size(); ++i) {
    ASSERT_EQ(found.first[i + 1] - found.first[i], 3);
    std::vector<double> expected;
    for (int j = 0; j < 3; ++j) {
      expected.push_back(2 * std::cos(angles[i] + 2 * std::numbers::pi * j / 3));
    }
    std::sort(expected.begin(), expected.end());
    for (std::size_t j = 0; j < 3; ++j) {
      const double z = expected[j], slope = std::abs(3 * z * z - 3);
      // y is known to 1e-15 only, z to that over the slope.
      EXPECT_NEAR(found.z[found.first[i] + j], z, 1e-15 + 4e-15 / slope);
      EXPECT_NEAR(found.weight[found.first[i] + j] * slope / phi(z), 1, 1e-11 / slope);
    }
  }
}

TEST(LevelSets, TakesAPoleApart) {
  const auto sets = level_sets("1/z");
  const auto found = sets.preimages(std::vector{0.5, -4.0, 1e6});
  const std::vector<double> expected = {2, -0.25, 1e-6};
  ASSERT_EQ(found.z.size(), 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const double z = found.z[i];
    EXPECT_DOUBLE_EQ(z, expected[i]);
    EXPECT_NEAR(found.weight[i], phi(z) * z * z, 1e-10 * phi(z) * z * z);
  }
}

TEST(LevelSets, EvenLinksAreLookedAtOnOneSide) {
  for (const char* link : {"z^2", "cos(3*z)", "abs(z)", "T4", "exp(-z^2/3)", "(z+1)*(z-1)"}) {
    EXPECT_TRUE(level_sets(link).even()) << link;
  }
  for (const char* link : {"z^2+1e-9*z", "sign", "relu", "G3"}) {
    EXPECT_FALSE(level_sets(link).even()) << link;
  }
  EXPECT_EQ(level_sets("h4").branches().size(), 2);
}

TEST(LevelSets, JoinsIntervalsOfOneLevelIntoAnAtom) {
  const auto sets = level_sets("T3");
  ASSERT_EQ(sets.atoms().size(), 2);
  EXPECT_TRUE(sets.branches().empty());
  EXPECT_EQ(sets.atoms()[0].value, -1);
  EXPECT_EQ(sets.atoms()[0].where.size(), 2);
  EXPECT_NEAR(sets.atoms()[0].probability, 0.5, 1e-14);

  const auto hinge = level_sets("relu(z)-relu(z-1)");
  ASSERT_EQ(hinge.atoms().size(), 2);
  EXPECT_NEAR(hinge.atoms()[1].probability, std::erfc(1 / std::numbers::sqrt2) / 2, 1e-12);
  EXPECT_NEAR(hinge.atoms()[1].where[0].from, 1, 1e-12);

  // Smooth at the edge of the atom.
  const auto smooth = level_sets("relu(z-0.5)^3");
  ASSERT_EQ(smooth.atoms().size(), 1);
  EXPECT_NEAR(smooth.atoms()[0].where[0].to, 0.5, 1e-5);
}

TEST(LevelSets, CountsSteps) {
  const auto sets = level_sets("floor(2*z)");
  EXPECT_EQ(sets.atoms().size(), 48);
  double total = 0;
  for (const auto& atom : sets.atoms()) total += atom.probability;
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(LevelSets, TakesNoPoleForAnAtom) {
  for (const char* link : {"1/z", "tan(z)", "log(abs(z))", "abs(z)^(-0.3)"}) {
    EXPECT_TRUE(level_sets(link).atoms().empty()) << link;
  }
}

TEST(LevelSets, FollowsFastLinksAsFarAsItSays) {
  EXPECT_EQ(level_sets("sin(10*z)").branches().size(), 77U);  // 76 turns at (j + 1/2) pi / 10
  EXPECT_LE(level_sets("sin(30*z)").branches().size(), 256U);
}

TEST(LevelSets, RefusesInOneSentence) {
  const auto complaint = [](const std::string& formula) {
    return message_of<InvalidArgument>([&] { level_sets(formula); });
  };
  EXPECT_THAT(complaint("log(z)"), HasSubstr("infinite or undefined for z < 0"));
  EXPECT_THAT(complaint("sqrt(1-z^2)"), HasSubstr("undefined for z < -1"));
  EXPECT_THAT(complaint("z>0 ? 1/0 : z"), HasSubstr("for z > 0"));
  EXPECT_THAT(complaint("z-z"), HasSubstr("constant"));
  EXPECT_THAT(complaint("sin(1000*z)"), HasSubstr("turns or jumps more than 256 times"));
  EXPECT_THAT(complaint("sin(100*z)"), HasSubstr("lower its frequency"));
  EXPECT_THAT(complaint("z1*z2"), HasSubstr("one variable"));
}

}  // namespace
}  // namespace thalweg::index
