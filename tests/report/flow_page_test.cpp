#include "thalweg/report/flow_page.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
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

using testing::Browser;
using ::testing::Contains;
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

TEST(Verdict, IsHonestAtItsBounds) {
  EXPECT_EQ(verdict(0.099).word, "good");
  EXPECT_EQ(verdict(-0.1).word, "fair");
  EXPECT_EQ(verdict(0.3).word, "poor");
}

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
      told({{"edge", {{"first_step", nullptr}, {"first_step_central", nullptr}, {"directions", 0}}},
            {"processes", {{"discrete", {{"sharpness", 1.2}, {"largest_sharpness", 1.75}}}}}}),
      HasSubstr("stayed below 2 (at most **1.75**)"));
}

TEST(FlowStory, DoesNotPraiseAFlowThatIsNoCloser) {
  const auto with = [](double central, double stable) {
    return told(
        {{"prediction", {{"weight_distance", {{"central", central}, {"stable", stable}}}}}});
  };
  EXPECT_THAT(with(0.033, 1.43), HasSubstr("43 times closer"));
  EXPECT_THAT(with(1.0, 1.1), HasSubstr("no better"));
}

TEST(FlowStory, TakesTheEdgeOfTheOptimizer) {
  const std::string reached =
      told({{"edge", {{"threshold", 3.8}, {"first_step", 7}, {"directions", 1}}},
            {"processes",
             {{"discrete", {{"loss", 0.1}, {"mean_sharpness", 3.9}}},
              {"central", {{"largest_sharpness", 3.82}}}}}});
  EXPECT_THAT(reached, HasSubstr("an effective sharpness of 3.8, at step **7**"));
  EXPECT_THAT(reached, HasSubstr("holds its sharpness at 3.8"));
  EXPECT_THAT(told({{"edge", {{"threshold", 38}, {"first_step", nullptr}}},
                    {"processes", {{"discrete", {{"sharpness", 30}}}}}}),
              HasSubstr("stayed below 38: the optimizer was stable all the way and nothing"));
}

TEST(FlowStory, SaysWhyNothingIsPredictedWithMomentum) {
  const nlohmann::json processes = {{"discrete", {{"loss", 0.1}}}, {"midpoint", {{"loss", 0.1}}}};
  EXPECT_THAT(told({{"edge", {{"threshold", 3.8}}}, {"processes", processes}}),
              HasSubstr("no central flow for an optimizer with momentum"));
  EXPECT_THAT(told({{"edge", {{"threshold", 2}}}, {"processes", processes}}),
              HasSubstr("No flow was run beside it"));
}

TEST(FlowStory, SetsTheRodFlowBesideTheCentralFlow) {
  const auto with = [](double rod, double central) {
    return told({{"prediction",
                  {{"weight_distance", {{"rod", rod}, {"central", central}}},
                   {"rod_loss_error", -0.02},
                   {"loss_error", 0.3}}}});
  };
  EXPECT_THAT(with(0.1, 1.0), HasSubstr("it ended nearer to the run than the central flow"));
  EXPECT_THAT(with(1.0, 0.1), HasSubstr("the central flow ended nearer"));
  EXPECT_THAT(with(1.0, 1.1), HasSubstr("about as near"));
  EXPECT_THAT(
      with(1.0, 1.1),
      HasSubstr("the training loss within **2.0%** (good); the central flow, within **30%**"));
}

TEST(FlowStory, ComparesTheVariantsOfTheCentralFlow) {
  EXPECT_THAT(told({{"prediction", {{"weight_distance", {{"stationary", 0.5}, {"ablated", 2}}}}}}),
              HasSubstr("the stationary flow ended **0.5** away; without the oscillation's push"));
}

TEST(FlowStory, ComparesNothingWithARunThatDiverged) {
  RunData run = story_of({{"prediction", {{"weight_distance", {{"central", 438}}}}}});
  run.facts = Facts({{"status", "diverged"},
                     {"results", {{"prediction", {{"weight_distance", {{"central", 438}}}}}}}});
  ASSERT_EQ(flow_story(run).size(), 1U);
  EXPECT_THAT(flow_story(run)[0], HasSubstr("diverged"));
}

TEST(FlowStory, SaysHowAdaptiveStepSizesWentAndWhereTheEdgeHoldsThem) {
  const TemporaryFolder out;
  const std::string html = flow_page(testing::write_adaptive_run(out.path(), "scalar"));
  EXPECT_THAT(html, HasSubstr("Along the central flow the effective step size fell from <strong>"));
  EXPECT_THAT(html, HasSubstr("has tuned its step to the edge, within <strong>0.1%</strong>"));
  EXPECT_THAT(html, Not(HasSubstr("for gradient descent")));
}

TEST(WithinText, DoesNotCallAFailureAgreement) {
  EXPECT_EQ(within_text(-0.083), "within **8.3%**");
  EXPECT_EQ(within_text(1e-9), "within **0.1%**");
  EXPECT_EQ(within_text(22.5), "off by **over 1000%**");
}

std::vector<std::string> names_of(const SeriesChart& chart) {
  std::vector<std::string> names;
  for (const Trace& trace : chart.traces) names.push_back(trace.name);
  return names;
}

const SeriesChart* titled(const std::vector<SeriesChart>& charts, const std::string& title) {
  const auto found = std::find_if(
      charts.begin(), charts.end(), [&](const SeriesChart& chart) { return chart.title == title; });
  return found == charts.end() ? nullptr : &*found;
}

class AdaptiveRun : public ::testing::Test {
 protected:
  AdaptiveRun() : data(read_run(testing::write_adaptive_run(out_.path(), "scalar", 200))) {}

 private:
  TemporaryFolder out_;

 protected:
  RunData data;
};

TEST_F(AdaptiveRun, ShowsEveryProcessInItsOwnColourAndStroke) {
  std::set<std::pair<Ink, Stroke>> looks;
  const SeriesChart chart = loss_chart(data);
  for (const Process& process : kProcesses) {
    EXPECT_THAT(names_of(chart), Contains(std::string(process.name)));
    EXPECT_TRUE(looks.emplace(process.ink, process.stroke).second) << process.name;
  }
  EXPECT_THAT(names_of(chart), Contains("predicted by the rod flow"));
  EXPECT_THAT(names_of(sharpness_chart(data)), Not(Contains("rod flow")));
}

TEST_F(AdaptiveRun, ShowsOnlyDistancesToTheMidpointAmongManyFlows) {
  for (const std::string& name : names_of(distance_chart(data))) {
    EXPECT_THAT(name, HasSubstr("midpoint of the run"));
  }
}

TEST_F(AdaptiveRun, ShowsStepSizesBesideTheLargestStableOne) {
  const auto charts = step_size_charts(data);
  const SeriesChart* size = titled(charts, "Effective step size");
  ASSERT_NE(size, nullptr);
  EXPECT_THAT(names_of(*size), Contains("2/S, central flow"));
  EXPECT_NE(titled(charts, "Second moment"), nullptr);
  EXPECT_NE(titled(charts, "Learning rate"), nullptr);
}

TEST_F(AdaptiveRun, ShowsTestBesideTrainingAndSubstepsThatVary) {
  const auto tests = test_charts(data);
  ASSERT_EQ(tests.size(), 2U);
  EXPECT_THAT(names_of(tests[0]), Contains("run, test"));
  EXPECT_THAT(names_of(tests[0]), Contains("run, training"));
  EXPECT_NE(titled(further_charts(data), "Substeps of the flows"), nullptr);
}

TEST(MomentumRun, HasItsOwnEdgeAndNoWordOfFlows) {
  const TemporaryFolder out;
  const auto folder = testing::write_momentum_run(out.path(), "momentum");
  const RunData run = read_run(folder);
  ASSERT_TRUE(sharpness_chart(run).reference.has_value());
  EXPECT_EQ(sharpness_chart(run).reference->value, 3.8);
  for (const SeriesChart& chart : {loss_chart(run), gradient_chart(run), distance_chart(run)}) {
    EXPECT_FALSE(chart.empty());
    EXPECT_THAT(chart.takeaway, Not(HasSubstr("central flow")));
  }
  EXPECT_TRUE(oscillation_chart(run).empty());
  const std::string html = flow_page(folder);
  EXPECT_THAT(html, HasSubstr("<h1>At the edge of stability: MLP"));
  EXPECT_THAT(html, Not(HasSubstr("sharpness at 2")));
}

/// The title and the first tile of the page of a run with these results.
std::string head_of(nlohmann::json results, const char* status = "done") {
  const TemporaryFolder out;
  const auto folder = run::RunFolder::create(out.path(), "r", false);
  results["model"] = "MLP";
  folder.write_summary({{"command", "flow"}, {"status", status}, {"results", results}});
  const std::string html = flow_page(folder);
  const auto begin = html.find("<h1>"), end = html.find("<h2>");
  return html.substr(begin, end - begin);
}

TEST(FlowPage, IsTitledByWhatHappened) {
  using nlohmann::json;
  const json no_flow = {{"discrete", {{"loss", 0.1}, {"sharpness", 12}}}};
  const json edge = {{"threshold", 38}, {"first_step", nullptr}};
  const auto below = head_of({{"edge", edge}, {"processes", no_flow}});
  EXPECT_THAT(below, HasSubstr("<h1>Below the edge of stability: MLP"));
  EXPECT_THAT(below, HasSubstr("not reached"));
  EXPECT_THAT(head_of({{"edge", edge}, {"processes", no_flow}}, "diverged"),
              HasSubstr("<h1>Divergence: MLP"));
  const auto unmeasured =
      head_of({{"edge", edge}, {"processes", {{"discrete", {{"sharpness", nullptr}}}}}});
  EXPECT_THAT(unmeasured, HasSubstr("<h1>A run: MLP"));
  EXPECT_THAT(unmeasured, HasSubstr("not known"));
  EXPECT_THAT(unmeasured, Not(HasSubstr("throughout")));
  const auto at_edge =
      head_of({{"edge", {{"first_step", 7}}}, {"processes", {{"rod", {{"loss", 1}}}}}});
  EXPECT_THAT(at_edge, HasSubstr("<h1>Rod flow of MLP"));
  EXPECT_THAT(at_edge, HasSubstr("step 7"));
  EXPECT_THAT(head_of({{"edge", {{"first_step", nullptr}, {"first_step_central", 9}}},
                       {"processes", {{"central", {{"loss", 1}}}}}}),
              HasSubstr("by the central flow"));
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

class FlowPageInABrowser : public testing::PageInABrowser {};

TEST_P(FlowPageInABrowser, DrawsEveryChartWithoutErrorsInsideItsWindow) {
  const auto folder = testing::write_flow_run(out(), "flow");
  write_report(folder);
  expect_sound(folder.report(), 12);
}

TEST_P(FlowPageInABrowser, DrawsTheChartsOfEveryProcess) {
  const auto folder = testing::write_adaptive_run(out(), "scalar");
  write_report(folder);
  expect_sound(folder.report(), 18);
}

TEST_P(FlowPageInABrowser, DrawsARunWithoutFlows) {
  const auto folder = testing::write_momentum_run(out(), "momentum");
  write_report(folder);
  expect_sound(folder.report(), 5);
}

TEST_P(FlowPageInABrowser, ZoomsAllChartsTogetherAndBack) {
  const auto folder = testing::write_flow_run(out(), "flow", 400);
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
