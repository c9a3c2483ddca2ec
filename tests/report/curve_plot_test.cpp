#include "thalweg/report/curve_plot.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/browser.hpp"

namespace thalweg::report {
namespace {

using testing::count;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CurvePlot, DrawsPointsErrorBarsAndJoinedLines) {
  const Drawing drawing = draw(CurvePlot{
      .title = "<race>",
      .curves = {{.ink = Ink::kRun1, .points = {{1, 1, .5, 2}, {10, NAN}, {100, 30, 20, 40, "c"}}},
                 {.ink = Ink::kRun2, .points = {{1, 2}, {10, 3}}, .joined = false}},
      .log_x = true,
      .log_y = true});
  EXPECT_EQ(count(drawing.wide, "<circle"), 4);
  EXPECT_EQ(count(drawing.wide, "line ink-run-1"), 1);
  EXPECT_EQ(count(drawing.wide, "line ink-run-2"), 0);
  EXPECT_THAT(drawing.wide, HasSubstr("<title>c</title>"));
  EXPECT_THAT(drawing.wide, HasSubstr("&lt;race&gt;"));
  EXPECT_THAT(drawing.wide, Not(HasSubstr("nan")));
}

TEST(CurvePlot, DashesLinesAndDrawsTheReference) {
  const Drawing drawing = draw(CurvePlot{.curves = {{.points = {{1, 0.2}, {2, 0.9}}}},
                                         .lines = {{.from = {1, 0.1}, .to = {2, 0.3}}},
                                         .reference = ReferenceLine{0.5, "half"},
                                         .y_range = std::pair(0.0, 1.0)});
  EXPECT_EQ(count(drawing.wide, "stroke-dasharray"), 1);
  EXPECT_THAT(drawing.wide, HasSubstr("half"));
  EXPECT_EQ(count(drawing.wide, "class=\"reference\""), 1);
}

TEST(CurvePlot, IsSmallAtEveryWidthWhereAsked) {
  const Drawing drawing = draw_small(CurvePlot{.curves = {{.points = {{1, 1}}}}});
  EXPECT_EQ(drawing.wide, drawing.narrow);
}

}  // namespace
}  // namespace thalweg::report
