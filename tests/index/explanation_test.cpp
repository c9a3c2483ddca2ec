#include "thalweg/index/explanation.hpp"

#include <cmath>
#include <numeric>
#include <string>

#include <gmock/gmock.h>

#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string explanation_of(const std::string& formula, const estimation::Noise& noise = {}) {
  const auto link = parse_formula(formula);
  const LevelSets sets(link);
  const auto found = link_exponents(link, sets, {.max_order = 6, .noise = noise});
  return explain(sets, found, noise.kind != estimation::Noise::Kind::kNone);
}

TEST(Explanation, SaysThatAnInjectiveLinkRevealsAll) {
  for (const char* link : {"tanh(z)", "exp(z)", "z^3"})
    EXPECT_THAT(explanation_of(link), HasSubstr("one-to-one")) << link;
  for (const char* link : {"relu", "z^2", "z^3-z", "sign"})
    EXPECT_THAT(explanation_of(link), Not(HasSubstr("one-to-one"))) << link;
}

TEST(Explanation, TellsParity) {
  EXPECT_THAT(explanation_of("z^2"),
              AllOf(HasSubstr("The link is even"), HasSubstr("no odd order"), HasSubstr("|z|")));
  EXPECT_THAT(explanation_of("z^3-3*z"), Not(HasSubstr("even")));
}

TEST(Explanation, CountsClasses) {
  EXPECT_THAT(explanation_of("sign"), HasSubstr("two values"));
  EXPECT_THAT(explanation_of("(z>0)+(z>1)"), HasSubstr("takes 3 values"));
  EXPECT_THAT(explanation_of("relu"), Not(HasSubstr("values")));  // an atom beside a branch
}

// The orders below 4 average to nothing over the four places of a level, and h_4 does not.
TEST(Explanation, ShowsWhatCancels) {
  EXPECT_THAT(explanation_of("z^2*exp(-z^2)"),
              AllOf(HasSubstr("h_2 is 0: nothing"),
                    HasSubstr("h_4 has the mean"),
                    HasSubstr("order 4 is the first that is left")));
  EXPECT_THAT(explanation_of("G3"),
              AllOf(HasSubstr("h_1 is 0: nothing"), HasSubstr("order 3 is the first")));
}

TEST(Explanation, NamesTheGapBetweenTheExponents) {
  EXPECT_THAT(explanation_of("h3"), HasSubstr("The raw response shows order 3 first"));
  EXPECT_THAT(explanation_of("sin(z)"), Not(HasSubstr("raw response")));
}

TEST(Explanation, MentionsNoise) {
  EXPECT_THAT(explanation_of("sin(z)", estimation::Noise::parse("gaussian:0.5")),
              HasSubstr("Noise on the response"));
}

TEST(Explanation, SaysWhereNothingShows) {
  EXPECT_THAT(explanation_of("sin(10*z)"), HasSubstr("No order shows"));
}

// y = z^2 - 1: both signs of each place share a level alike; weights phi(z) / |f'(z)| add to one.
TEST(LevelExamples, TakeBothHalvesOfEvenLinks) {
  const auto examples = level_examples(LevelSets(parse_formula("z^2-1")));
  ASSERT_EQ(examples.size(), 3U);
  const double at[] = {0.3, 0.7, 1.3};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(examples[i].level, at[i] * at[i] - 1, 1e-14);
    ASSERT_EQ(examples[i].z.size(), 2U);
    EXPECT_NEAR(examples[i].z[0], -at[i], 1e-12);
    EXPECT_NEAR(examples[i].z[1], at[i], 1e-12);
    EXPECT_NEAR(examples[i].weights[0], 0.5, 1e-12);
    EXPECT_NEAR(examples[i].weights[1], 0.5, 1e-12);
  }
}

// z^3 - 3 z at z = 0.3: preimages of its level by the trigonometric formula, 2 cos of thirds.
TEST(LevelExamples, WeighPlacesByTheirDensity) {
  const auto examples = level_examples(LevelSets(parse_formula("z^3-3*z")));
  ASSERT_EQ(examples.size(), 6U);
  for (const auto& example : examples) {
    EXPECT_NEAR(std::accumulate(example.weights.begin(), example.weights.end(), 0.0), 1, 1e-12);
    for (std::size_t i = 1; i < example.z.size(); ++i) {
      const auto density = [&](std::size_t j) {
        const double z = example.z[j];
        return std::exp(-z * z / 2) / std::abs(3 * z * z - 3);
      };
      EXPECT_NEAR(example.weights[i] / example.weights[0], density(i) / density(0), 1e-8);
      EXPECT_NEAR(std::pow(example.z[i], 3) - 3 * example.z[i], example.level, 1e-11);
    }
  }
}

}  // namespace
}  // namespace thalweg::index
