#include "thalweg/index/leap.hpp"

#include <string>
#include <utility>
#include <vector>

#include <Eigen/QR>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index/hermite_basis.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

using Steps = std::vector<std::pair<int, int>>;  // order, directions

Steps steps_of(const Leaps& leaps) {
  Steps steps;
  for (const auto& leap : leaps.steps) steps.emplace_back(leap.order, leap.directions);
  return steps;
}

struct KnownLeaps {
  std::string link;
  Steps generative, information;
};

void PrintTo(const KnownLeaps& known, std::ostream* out) { *out << known.link; }

class LeapTable : public ::testing::TestWithParam<KnownLeaps> {};

// The table of the literature: [Damian2025], and what follows from its definitions.
TEST_P(LeapTable, IsReproduced) {
  const auto link = parse_formula(GetParam().link);
  const LeapOptions options{.points = 100'000, .key = Key{1}, .threads = 2};
  const auto generative = generative_leaps(*link, options);
  const auto information = information_leaps(*link, options);
  EXPECT_EQ(steps_of(generative), GetParam().generative);
  EXPECT_EQ(steps_of(information), GetParam().information);
  EXPECT_EQ(generative.undetected, 0);
  EXPECT_LE(generative.exponent, information.exponent);
  const Matrix& w = generative.directions;
  EXPECT_LT((w.transpose() * w - Matrix::Identity(w.cols(), w.cols())).norm(), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Links,
                         LeapTable,
                         ::testing::ValuesIn(std::vector<KnownLeaps>{
                             {"sign(z1*z2)", {{2, 2}}, {{2, 2}}},
                             {"z1*z2", {{2, 2}}, {{2, 2}}},
                             {"z1^2 + z2^2", {{2, 2}}, {{2, 2}}},
                             {"z1^2 - z2^2", {{2, 2}}, {{2, 2}}},
                             {"sign(z1*z2*z3)", {{3, 3}}, {{3, 3}}},
                             {"sign(z1*z2*z3*z4)", {{4, 4}}, {{4, 4}}},
                             {"z1 + z1*z2", {{1, 2}}, {{1, 1}, {1, 1}}},
                             {"z1 + z1*z2*z3", {{1, 1}, {2, 2}}, {{1, 1}, {2, 2}}},
                             {"sign(z1) + sign(z1)*sign(z2)", {{1, 2}}, {{1, 1}, {1, 1}}},
                             {"sign(z1) + sign(z1)*sign(z2) + sign(z1)*sign(z2)*sign(z3)",
                              {{1, 2}, {1, 1}},
                              {{1, 1}, {1, 1}, {1, 1}}},
                             {"max(z1,z2)", {{1, 1}, {2, 1}}, {{1, 1}, {2, 1}}},
                             {"z1>0 && z2>0", {{1, 1}, {2, 1}}, {{1, 1}, {2, 1}}},
                             {"relu(z1) + relu(z2)", {{1, 1}, {2, 1}}, {{1, 1}, {2, 1}}},
                             {"relu(z1) - relu(z2)", {{1, 2}}, {{1, 1}, {1, 1}}},
                             {"h2(z1)*z2", {{1, 1}, {2, 1}}, {{3, 2}}},
                             {"h2(z1)*h2(z2)", {{2, 2}}, {{4, 2}}},
                             {"h3(z1) + h2(z2)", {{1, 1}, {2, 1}}, {{2, 1}, {3, 1}}},
                             {"sign(z1)*sign(h2(z2))", {{1, 1}, {2, 1}}, {{1, 1}, {2, 1}}},
                             {"z1 + sign(z2*z3)", {{1, 1}, {2, 2}}, {{1, 1}, {2, 2}}},
                             {"z1*sign(z2*z3)", {{2, 1}, {2, 2}}, {{3, 3}}},
                         }));

TEST(Leap, OneVariableGivesItsExponents) {
  const LeapOptions options{.points = 200'000, .key = Key{2}};
  for (const auto& [text, generative, information] : {std::tuple{"relu", 1, 1},
                                                      std::tuple{"abs", 2, 2},
                                                      std::tuple{"T4", 4, 4},
                                                      std::tuple{"h3", 1, 3}}) {
    const auto link = parse_formula(text);
    EXPECT_EQ(generative_leaps(*link, options).exponent, generative) << text;
    EXPECT_EQ(information_leaps(*link, options).exponent, information) << text;
  }
}

TEST(Leap, SaysHowManyDirectionsItDidNotSee) {
  const auto link = parse_formula("z1 + 0*z2");
  const auto leaps = generative_leaps(*link, {.points = 50'000, .key = Key{3}});
  EXPECT_EQ(steps_of(leaps), (Steps{{1, 1}}));
  EXPECT_EQ(leaps.undetected, 1);
  EXPECT_NEAR(std::abs(leaps.directions(0, 0)), 1, 1e-2);
}

TEST(Leap, DoesNotDependOnThreads) {
  const auto link = parse_formula("max(z1,z2)");
  LeapOptions options{.points = 50'000, .key = Key{4}};
  const auto one = generative_leaps(*link, options);
  options.threads = 3;
  EXPECT_EQ(one.directions, generative_leaps(*link, options).directions);
}

TEST(Leap, RefusesWhatHasNone) {
  const auto link = parse_formula("z1*z2");
  EXPECT_THROW(generative_leaps(*link, {.max_order = 0}), InvalidArgument);
  EXPECT_THROW(generative_leaps(*link, {.points = 10}), InvalidArgument);
  const auto complaint = message_of<InvalidArgument>(
      [] { generative_leaps(*parse_formula("log(z1*z2)"), {.points = 20'000}); });
  EXPECT_THAT(complaint, HasSubstr("infinite or undefined at"));
  EXPECT_THAT(complaint, HasSubstr("of 20000 points, such as z1 = "));
}

// <T, v^k> = sum_m c_m b_m(v)-like coefficients: for T = u^k the unfolding's Gram matrix is u u^T.
TEST(HermiteBasis, UnfoldsRankOneTensors) {
  Vector u(3);
  u << 0.6, 0.48, 0.64;
  for (int k = 1; k <= 4; ++k) {
    const HermiteBasis basis(3, k);
    // Coefficients of h_k(u.v) by Monte Carlo are noisy; by quadrature on random v exact: solve.
    const int rows = 4 * basis.size();
    Matrix values(rows, basis.size());
    Vector right(rows), v(3);
    for (int i = 0; i < rows; ++i) {
      fill_normal(std::span<double>(v.data(), 3), Key{5}.with(static_cast<std::uint64_t>(i)));
      basis.values({v.data(), 3}, {values.row(i).data(), static_cast<std::size_t>(basis.size())});
      right[i] = hermite::hermite(k, u.dot(v));
    }
    const Vector c = values.colPivHouseholderQr().solve(right);
    EXPECT_NEAR(c.squaredNorm(), 1, 1e-12);
    const Matrix gram = basis.unfolding_gram(c * c.transpose());
    EXPECT_LT((gram - u * u.transpose()).norm(), 1e-12) << k;
  }
}

}  // namespace
}  // namespace thalweg::index
