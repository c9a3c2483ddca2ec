#include "thalweg/report/svg.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/svg_canvas.hpp"

namespace thalweg::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Ticks, AreRoundNumbersInsideTheRange) {
  EXPECT_THAT(ticks({-0.3, 2.2}, 5), ElementsAre(0, 0.5, 1, 1.5, 2));
  EXPECT_THAT(ticks({0.02, 300, true}, 8), ElementsAre(0.1, 1, 10, 100));
  EXPECT_THAT(ticks({15, 600, true}, 8), ElementsAre(20, 50, 100, 200, 500));
  EXPECT_THAT(ticks({15, 600, true}, 3), ElementsAre(200, 400, 600));
}

TEST(TickText, WritesPlainNumbersAndPowersOfTen) {
  EXPECT_EQ(tick_text(-0.0), "0");
  EXPECT_EQ(tick_text(-2.5), "−2.5");
  EXPECT_EQ(tick_text(1e-5), "10⁻⁵");
  EXPECT_EQ(tick_text(1000), "1000");
  EXPECT_EQ(tick_text(20000), "20000");
  EXPECT_EQ(tick_text(-100000), "−100000");
}

TEST(RangeOf, IgnoresWhatAnAxisCannotShow) {
  const Range linear = range_of({NAN, 1, 3, INFINITY});
  EXPECT_LT(linear.low, 1);
  EXPECT_GT(linear.high, 3);
  EXPECT_LT(linear.high, 4);
  EXPECT_GT(range_of({0, -5, 0.1, 10}, true).low, 0);
  EXPECT_LT(range_of({}).low, range_of({}).high);
  EXPECT_LT(range_of({7}).low, range_of({7}).high);
  // Equal but for rounding, where steps of a tick would be lost in the numbers.
  const Range equal = range_of({7, std::nextafter(7.0, 8.0), 7 - 1e-12});
  EXPECT_LT(equal.low, 6.9);
  EXPECT_GT(equal.high, 7.1);
  EXPECT_LE(ticks(equal, 5).size(), 10U);
  EXPECT_LE(ticks(range_of({1e5, std::nextafter(1e5, 0)}, true), 5).size(), 10U);
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("weight", 6), "weight");
  EXPECT_EQ(shortened("weights", 6), "weigh…");
  EXPECT_EQ(shortened("λλλλ", 3), "λλ…");
}

TEST(Density, DrawsOneStemAnEigenvalueWithATooltip) {
  const Drawing drawing = draw(DensityPlot{.title = "<spectrum>",
                                           .points = {0, 1, 2},
                                           .values = {1, 0.1, 0},
                                           .stems = {{9, "λ1 = 9"}, {7, "λ2 = 7"}},
                                           .log_y = true});
  EXPECT_EQ(count(drawing.wide, "<title>λ"), 4);  // stem and head of each
  EXPECT_THAT(drawing.wide, HasSubstr("&lt;spectrum&gt;"));
  EXPECT_THAT(drawing.wide, Not(HasSubstr("nan")));
}

TEST(Histogram, CountsEveryFiniteValueOnce) {
  const DensityPlot plot = histogram({0, 0.1, 0.9, 1, NAN, 1}, 2);
  EXPECT_THAT(plot.values, ElementsAre(2, 2, 3, 3));
  EXPECT_THAT(plot.points, ElementsAre(0, 0.5, 0.5, 1));
  EXPECT_TRUE(histogram({NAN}, 3).points.empty());
}

TEST(Scatter, LeavesOutPointsThatALogarithmicAxisCannotShow) {
  const Drawing drawing =
      draw(ScatterPlot{.points = {{1, 1}, {10, 100, 50, 200, "here"}, {-1, 5}, {3, 0}},
                       .fit = FittedLine{0, 2, "slope 2"},
                       .log_x = true,
                       .log_y = true});
  EXPECT_EQ(count(drawing.wide, "<circle"), 2);
  EXPECT_EQ(count(drawing.wide, "class=\"stem"), 1);
  EXPECT_THAT(drawing.wide, HasSubstr("slope 2"));
  EXPECT_THAT(drawing.wide, Not(HasSubstr("nan")));
}

TEST(HeatMap, DrawsOneCellANumberColouredBySign) {
  const Drawing drawing =
      draw(HeatMap{.rows = {"a", "b"}, .columns = {"p", "q"}, .values = {1, -2, NAN, 0.5}});
  EXPECT_EQ(count(drawing.wide, "<rect"), 3);
  EXPECT_EQ(count(drawing.wide, "ink-discrete"), 1);
  EXPECT_THAT(drawing.wide, HasSubstr("<title>b, q: 0.5</title>"));
}

TEST(Bars, EscapeHostileNamesAndShowErrors) {
  const Drawing drawing = draw(BarChart{.bars = {{"<img onerror=x>", 3, 0.5}, {"b", NAN}}});
  EXPECT_THAT(drawing.wide, Not(HasSubstr("<img")));
  EXPECT_THAT(drawing.wide, HasSubstr("3 ± 0.5"));
  EXPECT_EQ(count(drawing.wide, "<rect"), 1);
}

TEST(StillSeries, LiftsThePenAtGaps) {
  const SeriesChart chart{.title = "t",
                          .x = {0, 1, 2, 3, 4},
                          .traces = {{.name = "a", .columns = {{1, 2, NAN, 2, 1}}}}};
  EXPECT_EQ(count(draw(chart).wide, "M"), 2);
}

}  // namespace
}  // namespace thalweg::report
