#include "thalweg/report/flow_page.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/browser.hpp"
#include "report/flow_charts.hpp"
#include "report/flow_facts.hpp"
#include "report/flow_story.hpp"
#include "report/synthetic_run.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/report/report.hpp"

namespace thalweg::report {
namespace {

using ::testing::AnyOf;
using testing::Browser;
using ::testing::HasSubstr;
using ::testing::Not;
using thalweg::testing::TemporaryFolder;

RunData story_of(const nlohmann::json& results) {
  return {.name = "r",
          .path = "runs/r",
          .command = "flow",
          .facts = Facts({{"status", "done"}, {"results", results}}),
          .configuration = {},
          .series = {}};
}

std::string told(const nlohmann::json& results) {
  std::string out;
  for (const std::string& paragraph : flow_story(story_of(results))) out += paragraph + "\n";
  return out;
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Verdict, IsHonestAtItsBounds) {
  EXPECT_EQ(verdict(0.099).word, "good");
  EXPECT_EQ(verdict(-0.1).word, "fair");
  EXPECT_EQ(verdict(0.3).word, "poor");
}

TEST(CountRises, IgnoresRounding) { EXPECT_EQ(count_rises({3, 2, 2 + 1e-9, 1, 1.5, 1.4}), 1); }

TEST(FlowStory, TellsWhenTheEdgeWasReachedAndTheDelay) {
  const std::string text = told(
      {{"steps", 1000},
       {"edge",
        {{"first_step", 140}, {"first_step_central", 138}, {"directions", 2}, {"delay", 12}}}});
  EXPECT_THAT(text, HasSubstr("step **140**"));
  EXPECT_THAT(text, HasSubstr("step **138**"));
  EXPECT_THAT(text, HasSubstr("**12 steps** later"));
  EXPECT_THAT(text, HasSubstr("**2** directions"));
}

TEST(FlowStory, SaysThatTheEdgeWasNotReached) {
  EXPECT_THAT(
      told({{"edge",
             {{"first_step", nullptr}, {"first_step_central", nullptr}, {"directions", 0}}}}),
      HasSubstr("stayed below 2"));
}

TEST(FlowStory, DoesNotPraiseAFlowThatIsNoCloser) {
  const auto with = [](double central, double stable) {
    return told(
        {{"prediction", {{"weight_distance", {{"central", central}, {"stable", stable}}}}}});
  };
  EXPECT_THAT(with(0.033, 1.43), HasSubstr("43 times closer"));
  EXPECT_THAT(with(1.0, 1.1), HasSubstr("no better"));
}

TEST(FlowStory, TellsNothingOfWhatIsNotThere) { EXPECT_TRUE(flow_story(story_of({})).empty()); }

TEST(FlowCharts, AreEmptyWithoutSeries) {
  const RunData run = story_of({});
  EXPECT_TRUE(loss_chart(run).empty());
  EXPECT_TRUE(sharpness_chart(run).empty());
  EXPECT_TRUE(distance_chart(run).empty());
  EXPECT_TRUE(oscillation_chart(run).empty());
  EXPECT_TRUE(variance_charts(run).empty());
  EXPECT_TRUE(output_charts(run).empty());
  EXPECT_TRUE(further_charts(run).empty());
}

TEST(FlowPage, ShowsARunThatHasNothingYet) {
  const TemporaryFolder out;
  const auto folder = run::RunFolder::create(out.path(), "empty", false);
  const std::string html = flow_page(folder);
  EXPECT_THAT(html, HasSubstr("unfinished"));
  EXPECT_THAT(html, HasSubstr("no time series"));
}

TEST(FlowPage, ShowsAConfigurationWithoutObeyingIt) {
  const TemporaryFolder out;
  const auto folder = testing::write_flow_run(out.path(), "flow", 50);
  EXPECT_THAT(flow_page(folder), HasSubstr("&lt;script&gt;alert(&quot;configuration&quot;)"));
}

TEST(FlowPage, StaysSmallForLongRuns) {
  const TemporaryFolder out;
  const auto folder = testing::write_flow_run(out.path(), "flow", 30000);
  EXPECT_LT(flow_page(folder).size(), std::size_t{6} << 20);
}

class FlowPageInABrowser : public ::testing::TestWithParam<int> {};

TEST_P(FlowPageInABrowser, DrawsEveryChartWithoutErrorsInsideItsWindow) {
  if (!Browser::installed()) GTEST_SKIP() << "chromium-headless-shell is not installed";
  const TemporaryFolder out;
  const auto folder = testing::write_flow_run(out.path(), "flow");
  write_report(folder);
  const int charts = count(read_file(folder.report()), "<figure data-chart");
  ASSERT_GE(charts, 12);

  const std::string document =
      Browser::document(folder.report(), GetParam(), testing::kUseEverything);
  EXPECT_EQ(Browser::body_data(document, "charts"), std::to_string(charts));
  EXPECT_EQ(Browser::body_data(document, "errors"), "");
  EXPECT_THAT(Browser::body_data(document, "overflow"), AnyOf("0", HasSubstr("-")));
}

TEST_P(FlowPageInABrowser, ZoomsAllChartsTogetherAndBack) {
  if (!Browser::installed()) GTEST_SKIP() << "chromium-headless-shell is not installed";
  const TemporaryFolder out;
  const auto folder = testing::write_flow_run(out.path(), "flow", 400);
  write_report(folder);
  const std::string document = Browser::document(folder.report(), GetParam(), R"(
    const charts = document.body.thalwegCharts;
    charts[0].graph.updateOptions({ dateWindow: [100, 200] });
    const windows = () => new Set(charts.map((chart) => chart.graph.xAxisRange().map(Math.round).join("-")));
    document.body.dataset.zoomed = [...windows()].join();
    document.querySelector("[data-action=reset]").click();
    document.body.dataset.reset = String(charts.every((chart) => !chart.graph.isZoomed()));
  )");
  EXPECT_EQ(Browser::body_data(document, "zoomed"), "100-200");
  EXPECT_EQ(Browser::body_data(document, "reset"), "true");
  EXPECT_EQ(Browser::body_data(document, "errors"), "");
}

INSTANTIATE_TEST_SUITE_P(Widths, FlowPageInABrowser, ::testing::Values(360, 1280));

}  // namespace
}  // namespace thalweg::report
