#include "thalweg/index/slice_strengths.hpp"

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

SliceStrengths strengths(const char* formula) {
  return slice_strengths(*parse_formula(formula), 200'000, Key{1});
}

// y = z: E[E[z | y]^2] = 1 and no spread is left, hence (I - V)^2 = 1. y = z^2: no means, and V =
// y: E[(1 - z^2)^2] = 2; E[(y - 1) z^2] = 2 over the deviation sqrt(2). Slices of a hundredth lose
// a few percent at the tails.
TEST(SliceStrengths, AreThoseOfOneVariable) {
  const auto linear = strengths("z");
  EXPECT_NEAR(linear.means, 1, 0.02);
  EXPECT_NEAR(linear.spreads, 1, 0.02);
  EXPECT_EQ(linear.hessian, 0);
  const auto square = strengths("z^2");
  EXPECT_EQ(square.means, 0);
  EXPECT_NEAR(square.spreads, 2, 0.2);
  EXPECT_NEAR(square.hessian, std::sqrt(2.0), 0.05);
}

TEST(SliceStrengths, AreZeroWhereSomeDirectionIsNotSeen) {
  const auto half = strengths("relu(z1) + relu(z2)");  // the difference shows in the spread only
  EXPECT_EQ(half.means, 0);
  EXPECT_GT(half.spreads, 0);
  const auto conditional = strengths("z1 * sign(z2 * z3)");  // z2, z3 show given z1 only
  EXPECT_EQ(conditional.means, 0);
  EXPECT_EQ(conditional.spreads, 0);
  EXPECT_EQ(conditional.hessian, 0);
  const auto parity = strengths("sign(z1 * z2)");
  EXPECT_EQ(parity.means, 0);
  EXPECT_NEAR(parity.spreads, std::pow(2 / std::numbers::pi, 2), 0.02);  // V = I + (2 / pi) y swap
  EXPECT_NEAR(parity.hessian, 2 / std::numbers::pi, 0.02);
}

TEST(SliceStrengths, RefuseTooFewPoints) {
  EXPECT_THAT(message_of<InvalidArgument>([] { slice_strengths(*parse_formula("z"), 10); }),
              HasSubstr("10,000 points"));
}

}  // namespace
}  // namespace thalweg::index
