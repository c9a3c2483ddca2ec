#include "thalweg/report/numbers.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace thalweg::report {
namespace {

TEST(NumberText, KeepsSignificantDigitsInAHumanRange) {
  EXPECT_EQ(number_text(0.0336128), "0.0336");
  EXPECT_EQ(number_text(2.0), "2");
  EXPECT_EQ(number_text(2.00416, 4), "2.004");
  EXPECT_EQ(number_text(853508), "853,508");
  EXPECT_EQ(number_text(1234.5), "1,234");
  EXPECT_EQ(number_text(-3.25), "−3.25");
}

TEST(NumberText, RoundsUpIntoTheNextPowerWithoutAnExponent) {
  EXPECT_EQ(number_text(999.7), "1,000");
  EXPECT_EQ(number_text(0.99996), "1");
}

TEST(NumberText, WritesVerySmallAndLargeNumbersAsPowersOfTen) {
  EXPECT_EQ(number_text(1.2e-5), "1.20 × 10⁻⁵");
  EXPECT_EQ(number_text(-2.5e12, 2), "−2.5 × 10¹²");
  EXPECT_EQ(number_text(0), "0");
}

TEST(NumberText, NamesWhatIsNotANumber) {
  EXPECT_EQ(number_text(NAN), "n/a");
  EXPECT_EQ(number_text(-INFINITY), "−∞");
}

TEST(PercentText, GivesOneDecimalBelowTenPercent) {
  EXPECT_EQ(percent_text(0.0831), "8.3%");
  EXPECT_EQ(percent_text(0.427), "43%");
  EXPECT_EQ(percent_text(-0.36), "−36%");
  EXPECT_EQ(percent_text(0.0004), "below 0.1%");
  EXPECT_EQ(percent_text(12), "over 1000%");
  EXPECT_EQ(percent_text(NAN), "n/a");
}

TEST(CountText, GroupsDigitsAndAgreesWithItsNoun) {
  EXPECT_EQ(count_text(1, "step"), "1 step");
  EXPECT_EQ(count_text(1600, "step"), "1,600 steps");
  EXPECT_EQ(count_text(-1234567), "−1,234,567");
}

TEST(JoinedList, PutsAnAndBeforeTheLast) {
  EXPECT_EQ(joined_list({}), "");
  EXPECT_EQ(joined_list({"a"}), "a");
  EXPECT_EQ(joined_list({"a", "b"}), "a and b");
  EXPECT_EQ(joined_list({"a", "b", "c"}), "a, b and c");
}

TEST(ChartPrecision, KeepsSevenDigits) {
  EXPECT_EQ(chart_precision(1.0 / 3), 0.3333333);
  EXPECT_TRUE(std::isnan(chart_precision(NAN)));
}

}  // namespace
}  // namespace thalweg::report
