#include "thalweg/index/sample_leap.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

using Steps = std::vector<std::pair<int, int>>;  // order, directions

struct Table {
  Matrix x;
  Vector y;
};

Matrix normals(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal({x.data(), static_cast<std::size_t>(x.size())}, key);
  return x;
}

Vector responses(const std::string& formula, const Matrix& z) {
  Vector y(z.rows());
  parse_formula(formula)->evaluate({z.data(), static_cast<std::size_t>(z.size())},
                                   {y.data(), static_cast<std::size_t>(y.size())});
  return y;
}

Table table_of(const std::string& formula, Eigen::Index rows, Key key) {
  Table table{.x = normals(rows, parse_formula(formula)->variables(), key), .y = {}};
  table.y = responses(formula, table.x);
  return table;
}

Steps steps_of(const SampleLeaps& found) {
  Steps steps;
  for (const auto& leap : found.leaps.steps) steps.emplace_back(leap.order, leap.directions);
  return steps;
}

/// tr(P Q) / s for the projectors on the columns' spans, both of dimension s.
double overlap(const Matrix& found, const Matrix& truth) {
  return (found.transpose() * truth).squaredNorm() / static_cast<double>(truth.cols());
}

struct KnownLeaps {
  std::string link;
  Steps steps;
};

void PrintTo(const KnownLeaps& known, std::ostream* out) { *out << known.link; }

class SampleLeapTable : public ::testing::TestWithParam<KnownLeaps> {};

// Twenty thousand rows show what the leaps of the link are.
TEST_P(SampleLeapTable, IsFoundInRows) {
  const Table table = table_of(GetParam().link, 20'000, Key{1});
  const auto found = sample_leaps(table.x, table.y, {.max_order = 4, .threads = 2});
  EXPECT_EQ(steps_of(found), GetParam().steps);
  EXPECT_EQ(found.leaps.undetected, 0);
  for (std::size_t i = 0; i < found.leaps.steps.size(); ++i) {
    const auto& tests = found.tests[i];
    ASSERT_EQ(static_cast<int>(tests.size()), found.leaps.steps[i].order);
    EXPECT_TRUE(tests.back().shows);
    EXPECT_EQ(tests.back().strength, found.leaps.steps[i].strengths.back());
    EXPECT_GT(tests.back().strength, 4 * tests.back().se);
    EXPECT_GT(tests.back().strength, tests.back().resolvable);
  }
}

INSTANTIATE_TEST_SUITE_P(Links,
                         SampleLeapTable,
                         ::testing::ValuesIn(std::vector<KnownLeaps>{
                             {"z1*z2", {{2, 2}}},
                             {"sign(z1*z2*z3)", {{3, 3}}},
                             {"z1 + z1*z2*z3", {{1, 1}, {2, 2}}},
                             {"h2(z1)*z2", {{1, 1}, {2, 1}}},
                             {"h3(z1) + h2(z2)", {{1, 1}, {2, 1}}},
                             {"max(z1,z2)", {{1, 1}, {2, 1}}},
                             {"z1 + sign(z2*z3)", {{1, 1}, {2, 2}}},
                             {"z1*sign(z2*z3)", {{2, 1}, {2, 2}}},
                             {"sign(z1) + sign(z1)*sign(z2) + sign(z1)*sign(z2)*sign(z3)",
                              {{1, 2}, {1, 1}}},
                         }));

// Columns that are a mixture of the hidden coordinates: whitening takes them apart, and the weights
// say how. Here a = z1, b = z2 + z1, so that z2 = b - a with standardised weights (-1, sqrt 2).
TEST(SampleLeap, SeesThroughCorrelatedColumns) {
  Table table = table_of("h2(z1)*z2", 10'000, Key{2});
  table.x.col(1) += table.x.col(0);
  const auto found = sample_leaps(table.x, table.y, {.max_order = 3});
  ASSERT_EQ(steps_of(found), (Steps{{1, 1}, {2, 1}}));
  Vector z2(2), z1(2);
  z2 << -1 / std::sqrt(3.0), std::sqrt(2.0 / 3);
  z1 << 1, 0;
  EXPECT_GT(overlap(found.weights[0], z2), 0.995);
  EXPECT_GT(overlap(found.weights[1], z1), 0.995);
}

// Of directions that show together only the span is known: each is shown with a column to itself.
TEST(SampleLeap, WritesEachSpanInItsSimplestForm) {
  const Table table = table_of("sign(z1*z2)", 10'000, Key{3});
  const auto found = sample_leaps(table.x, table.y, {.max_order = 3});
  ASSERT_EQ(steps_of(found), (Steps{{2, 2}}));
  const Matrix weights = found.weights[0].cwiseAbs();
  EXPECT_NEAR(weights.maxCoeff(), 1, 1e-12);
  EXPECT_NEAR(weights.sum(), 2, 1e-12);
}

// False alarms come at 1 % or below: more than 8 in 200 tables have a probability of 2e-4.
TEST(SampleLeap, FindsNothingInNoise) {
  int alarms = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Matrix x = normals(300, 2, Key{4}.with("x").with(i));
    const Matrix y = normals(300, 1, Key{4}.with("y").with(i));
    const auto found = sample_leaps(x, y.col(0), {.max_order = 4, .key = Key{i}});
    alarms += static_cast<int>(found.leaps.steps.size() > 0);
    ASSERT_EQ(found.tests.size(), 1U + found.leaps.steps.size());
  }
  EXPECT_LE(alarms, 8);
}

// A second direction that is not there does not show beside a strong first one.
TEST(SampleLeap, CountsTheDirectionsOfAnOrder) {
  int alarms = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Table table = table_of("z1^2 + 0*z2", 1000, Key{5}.with(i));
    const auto found = sample_leaps(table.x, table.y, {.max_order = 3, .key = Key{i}});
    ASSERT_GE(found.leaps.steps.size(), 1U);
    EXPECT_EQ(found.leaps.steps[0].order, 2);
    alarms += static_cast<int>(found.leaps.undetected != 1);
  }
  EXPECT_LE(alarms, 3);  // more than 3 of 20 at 1 % have a probability of 5e-5
}

TEST(SampleLeap, SaysWhatFewRowsCannotShow) {
  const Table table = table_of("sign(z1*z2*z3)", 100, Key{6});
  const auto found = sample_leaps(table.x, table.y, {.max_order = 4});
  ASSERT_GT(found.leaps.undetected, 0);
  ASSERT_EQ(found.tests.size(), found.leaps.steps.size() + 1);
  for (std::size_t k = 1; k < found.tests.back().size(); ++k)
    EXPECT_GT(found.tests.back()[k].resolvable, found.tests.back()[k - 1].resolvable);
}

TEST(SampleLeap, DoesNotDependOnThreads) {
  const Table table = table_of("max(z1,z2)", 2000, Key{7});
  const auto one = sample_leaps(table.x, table.y, {.max_order = 2, .threads = 1});
  const auto two = sample_leaps(table.x, table.y, {.max_order = 2, .threads = 3});
  EXPECT_EQ(one.leaps.directions, two.leaps.directions);
}

TEST(SampleLeap, RefusesColumnsInOneSentence) {
  Table table = table_of("z1*z2", 200, Key{8});
  const std::vector<std::string> names = {"dose", "age"};
  const auto complaint = [&](const Matrix& x, const Vector& y, int max_order = 3) {
    return message_of<InvalidArgument>(
        [&] { sample_leaps(x, y, {.max_order = max_order, .names = names}); });
  };
  Matrix constant = table.x, twice = table.x;
  constant.col(1).setConstant(3);
  twice.col(1) = 2 * table.x.col(0).array() + 1;
  EXPECT_THAT(complaint(constant, table.y), HasSubstr("'age' does not vary"));
  EXPECT_THAT(complaint(twice, table.y), HasSubstr("'age' is a combination of those before it"));
  EXPECT_THAT(complaint(table.x, Vector::Ones(200)), HasSubstr("the response does not vary"));
  EXPECT_THAT(complaint(table.x.topRows(50), table.y.head(50)), HasSubstr("100 rows"));
  EXPECT_THAT(complaint(table.x, table.y, 7), HasSubstr("max_order from 1 to 6"));
}

}  // namespace
}  // namespace thalweg::index
