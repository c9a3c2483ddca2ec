#include "thalweg/index/leap_explanation.hpp"

#include <cmath>

#include <Eigen/QR>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Leaps leaps_of(std::vector<Leap> steps, const Matrix& directions, int exponent) {
  return {.steps = std::move(steps), .exponent = exponent, .directions = directions};
}

TEST(ReadableBasis, SpansTheSameAndGivesEachVectorARowToItself) {
  Matrix columns(3, 2);
  columns << 0, 0, 0.6, 0.8, -0.8, 0.6;  // the plane of z2 and z3, turned
  const Matrix basis = readable_basis(columns);
  Matrix expected(3, 2);
  expected << 0, 0, 1, 0, 0, 1;
  const Matrix swapped = expected.rowwise().reverse();
  EXPECT_TRUE(basis.isApprox(expected, 1e-12) || basis.isApprox(swapped, 1e-12)) << basis;

  columns << 1, 2, 3, 4, 5, 7;  // in general position
  const Matrix general = readable_basis(columns);
  const Matrix rest = general - columns * columns.colPivHouseholderQr().solve(general);
  EXPECT_LT(rest.norm(), 1e-12);
  EXPECT_NEAR(general.col(0).norm(), 1, 1e-12);
  int own = 0;
  for (int i = 0; i < 3; ++i)
    own += (std::abs(general(i, 0)) < 1e-12) != (std::abs(general(i, 1)) < 1e-12);
  EXPECT_EQ(own, 2);
}

// y = z1 sign(z2 z3): order 2 shows z1, then z2 and z3 together; raw, all three at order 3.
TEST(LeapExplanation, TellsTheStepsInOrder) {
  Matrix directions(3, 3);
  directions << 1, 0, 0, 0, 0.6, 0.8, 0, -0.8, 0.6;
  const auto generative = leaps_of({{.order = 2, .directions = 1, .strengths = {}},
                                    {.order = 2, .directions = 2, .strengths = {}}},
                                   directions,
                                   2);
  const auto information =
      leaps_of({{.order = 3, .directions = 3, .strengths = {}}}, directions, 3);
  const auto text = explain(generative, information);
  EXPECT_THAT(text, HasSubstr("order 1 shows nothing and order 2 shows z1."));
  EXPECT_THAT(
      text, HasSubstr("With z1 known, order 1 shows nothing and order 2 shows z2 and z3 together."));
  EXPECT_THAT(text, HasSubstr("no step is above order 2**, and samples of order d are"));
  EXPECT_THAT(text, HasSubstr("step of order 3"));
  EXPECT_THAT(explain(generative, generative), Not(HasSubstr("take the response as it is")));
}

TEST(LeapExplanation, NamesCombinationsAndWhatIsNotSeen) {
  Matrix direction(2, 1);
  direction << std::sqrt(0.5), -std::sqrt(0.5);
  auto leaps = leaps_of({{.order = 1, .directions = 1, .strengths = {}}}, direction, 1);
  leaps.undetected = 1;
  const auto text = explain(leaps, leaps);
  EXPECT_THAT(text, HasSubstr("order 1 shows 0.71 z1 - 0.71 z2."));
  EXPECT_THAT(text, HasSubstr("The rest shows at no order"));
}

TEST(LeapExplanation, CountsSamplesByTheHighestStep) {
  const auto parity =
      leaps_of({{.order = 3, .directions = 3, .strengths = {}}}, Matrix::Identity(3, 3), 3);
  EXPECT_THAT(explain(parity, parity),
              HasSubstr("orders 1 to 2 show nothing and order 3 shows z1, z2 and z3 together"));
  EXPECT_THAT(explain(parity, parity), HasSubstr("samples of order d^1.5"));
}

}  // namespace
}  // namespace thalweg::index
