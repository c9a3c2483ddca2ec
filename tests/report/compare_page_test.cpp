#include "thalweg/report/compare_page.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/browser.hpp"
#include "report/compare_charts.hpp"
#include "report/comparison.hpp"
#include "report/synthetic_run.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/report/report.hpp"

namespace thalweg::report {
namespace {

using ::testing::AllOf;
using testing::Browser;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using thalweg::testing::TemporaryFolder;

/// A run with these settings and results, and without series.
run::RunFolder run_with(const std::filesystem::path& out,
                        const std::string& name,
                        const std::string& configuration,
                        const nlohmann::json& results = {},
                        const std::string& command = "flow") {
  auto folder = run::RunFolder::create(out, name, false);
  write_atomically(folder.config(), "command = \"" + command + "\"\n" + configuration);
  folder.write_summary({{"command", command}, {"status", "done"}, {"results", results}});
  return folder;
}

std::vector<std::string> names_of(const std::vector<ComparedValue>& values) {
  std::vector<std::string> names;
  for (const ComparedValue& value : values) names.push_back(value.name);
  return names;
}

class Comparison : public ::testing::Test {
 protected:
  const std::filesystem::path& out() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(Comparison, ListsSettingsThatDifferInTheirOrderAndCountsTheOthers) {
  const auto runs = read_runs(
      {run_with(
           out(), "a", "steps = 20\nseed = 1\nlearning-rate = 0.5\nprocesses = [\"central\"]\n"),
       run_with(
           out(), "b", "steps = 30\nseed = 1\nlearning-rate = 0.25\nprocesses = [\"rod\"]\n")});
  const ComparedSettings settings = compare_settings(runs);
  EXPECT_THAT(names_of(settings.differing), ElementsAre("steps", "learning-rate", "processes"));
  EXPECT_EQ(settings.equal, 1U);
  EXPECT_EQ(settings.differing[1].values[1], 0.25);
}

TEST_F(Comparison, DoesNotCallANumberDifferentThatIsWrittenDifferently) {
  const auto runs = read_runs(
      {run_with(out(), "a", "learning-rate = 1\n"), run_with(out(), "b", "learning-rate = 1.0\n")});
  EXPECT_THAT(names_of(compare_settings(runs).differing), ElementsAre());
}

TEST_F(Comparison, DoesNotCallSettingsOfAnotherCommandADifference) {
  const auto runs = read_runs({run_with(out(), "a", "steps = 20\nseed = 1\n"),
                               run_with(out(), "b", "probes = 4\nseed = 2\n", {}, "spectrum")});
  const ComparedSettings settings = compare_settings(runs);
  EXPECT_THAT(names_of(settings.differing), ElementsAre("seed"));
  EXPECT_EQ(settings.foreign, 2U);
}

TEST_F(Comparison, CallsASettingThatARunOfTheSameCommandLacksADifference) {
  const auto runs = read_runs(
      {run_with(out(), "a", "steps = 20\nmomentum = 0.9\n"), run_with(out(), "b", "steps = 20\n")});
  EXPECT_THAT(names_of(compare_settings(runs).differing), ElementsAre("momentum"));
}

TEST_F(Comparison, TellsRunsOfOneNameApart) {
  const auto runs = read_runs({run_with(out() / "x", "a", ""),
                               run_with(out() / "y", "a", ""),
                               run_with(out(), "a (2)", "")});
  EXPECT_EQ(runs[1].name, "a (2)");
  EXPECT_EQ(runs[2].name, "a (2) (2)");
}

TEST_F(Comparison, NamesFileAndLineOfADamagedConfiguration) {
  const auto runs = read_runs({run_with(out(), "a", "steps = 20\nseed = = 1\n")});
  const std::string message =
      thalweg::testing::message_of<BadInput>([&] { compare_settings(runs); });
  EXPECT_THAT(message, AllOf(HasSubstr("a/config.toml:3"), HasSubstr("compare without this run")));
}

TEST_F(Comparison, PutsResultsSideBySideAsJson) {
  const auto page = compare_page(
      {run_with(out(), "a", "steps = 2\n", {{"processes", {{"discrete", {{"loss", 0.5}}}}}}),
       run_with(out(), "b", "steps = 3\n", {{"processes", {{"discrete", {{"loss", 0.25}}}}}})});
  EXPECT_EQ(page.json["results"]["processes.discrete.loss"],
            nlohmann::json({{"a", 0.5}, {"b", 0.25}}));
  EXPECT_EQ(page.json["settings"]["differing"]["steps"], nlohmann::json({{"a", 2}, {"b", 3}}));
  EXPECT_EQ(page.json["runs"][1]["status"], "done");
  EXPECT_THAT(page.html, HasSubstr("<strong>b</strong> ended with the lowest training loss, 0.25"));
}

TEST_F(Comparison, EscapesWhatRunsAreNamedAndSet) {
  const auto page = compare_page({run_with(out(), "<script>alert(1)", "seed = 1\n"),
                                  run_with(out(), "b", "seed = \"<script>alert(2)\"\n")});
  EXPECT_THAT(page.html, Not(HasSubstr("<script>alert")));
}

TEST_F(Comparison, OverlaysRunsOfDifferentLengthsAndProcesses) {
  const auto runs = read_runs({testing::write_adaptive_run(out(), "long", 300),
                               testing::write_momentum_run(out(), "short", 100)});
  const auto charts = compare_charts(runs);
  ASSERT_FALSE(charts.empty());
  EXPECT_EQ(charts[0].x.size(), 300U);
  EXPECT_EQ(charts[0].traces.front().name, "long: run");
  EXPECT_EQ(charts[0].traces.front().ink, Ink::kRun1);
  EXPECT_EQ(charts[0].traces.back().name, "short: run");
  EXPECT_EQ(charts[0].traces.back().ink, Ink::kRun2);
}

TEST_F(Comparison, DrawsSharpnessInUnitsOfTheEdgeWhereEdgesDiffer) {
  const auto sharpness = [](const std::vector<ComparedRun>& runs) {
    for (const SeriesChart& chart : compare_charts(runs)) {
      if (chart.title == "Effective sharpness") return chart;
    }
    return SeriesChart();
  };
  const auto flow = testing::write_flow_run(out(), "f", 60);
  const auto momentum = testing::write_momentum_run(out(), "m", 60);
  EXPECT_EQ(sharpness(read_runs({flow, momentum})).reference->value, 1);
  EXPECT_EQ(sharpness(read_runs({momentum, momentum})).reference->value, 3.8);
}

TEST_F(Comparison, LetsNoRunThatDivergedFlattenTheOthers) {
  const auto sound = testing::write_flow_run(out(), "sound", 60);
  const auto diverged = testing::write_changed_run(
      out(),
      "diverged",
      60,
      [](run::Recorder& recorder) { recorder.record("discrete/train_loss", 59, 1e9); },
      [](nlohmann::json&) {});
  nlohmann::json summary = diverged.read_summary();
  summary["status"] = "diverged";
  diverged.write_summary(summary);
  const SeriesChart loss = compare_charts(read_runs({sound, diverged})).front();
  ASSERT_TRUE(loss.ceiling.has_value());
  EXPECT_LT(*loss.ceiling, 10);
}

TEST_F(Comparison, ShowsTheEigenvaluesOfSpectra) {
  const auto page = compare_page(
      {testing::write_flow_run(out(), "f", 60), testing::write_spectrum_run(out(), "s")});
  EXPECT_THAT(page.html, HasSubstr("Leading eigenvalues of the Hessian"));
  EXPECT_THAT(page.html, HasSubstr("19.62"));
  EXPECT_EQ(page.json["eigenvalues"]["s"].size(), 5U);
}

TEST_F(Comparison, KnowsItsOwnPages) {
  const auto folder = testing::write_flow_run(out(), "f", 40);
  write_report(folder);
  EXPECT_TRUE(is_compare_page(compare_page({folder, folder}).html));
  EXPECT_FALSE(is_compare_page(read_file(folder.report())));
  EXPECT_FALSE(is_compare_page("thalweg compare"));
}

TEST_F(Comparison, StaysSmallForManyLongRuns) {
  std::vector<run::RunFolder> folders;
  for (const char* name : {"a", "b", "c"}) {
    folders.push_back(testing::write_flow_run(out(), name, 20000));
  }
  EXPECT_LT(compare_page(folders).html.size(), std::size_t{6} << 20);
}

class ComparePageInABrowser : public testing::PageInABrowser {};

TEST_P(ComparePageInABrowser, DrawsEveryChartWithoutErrorsInsideItsWindow) {
  const auto page = compare_page({testing::write_flow_run(out(), "gradient-descent", 300),
                                  testing::write_adaptive_run(out(), "scalar-rmsprop", 400),
                                  testing::write_momentum_run(out(), "momentum", 200),
                                  testing::write_spectrum_run(out(), "spectrum")});
  write_atomically(out() / "compare.html", page.html);
  expect_sound(out() / "compare.html", 8);
}

TEST_P(ComparePageInABrowser, HidesARunEverywhereAndShowsItAgain) {
  const auto page = compare_page(
      {testing::write_flow_run(out(), "a", 200), testing::write_flow_run(out(), "b", 300)});
  write_atomically(out() / "compare.html", page.html);
  const std::string document = Browser::document(out() / "compare.html", GetParam(), R"(
    const charts = document.body.thalwegCharts;
    const opened = charts.map((chart) => chart.shown.join()).join(";");
    const box = document.querySelector("[data-ink=run-1]");
    box.click();
    const hidden = (chart) => chart.spec.traces.every((trace, t) => trace.ink !== "run-1" || !chart.shown[t]);
    document.body.dataset.hidden = String(charts.every(hidden));
    box.click();
    document.body.dataset.back = String(charts.map((chart) => chart.shown.join()).join(";") === opened);
  )");
  EXPECT_EQ(Browser::body_data(document, "hidden"), "true");
  EXPECT_EQ(Browser::body_data(document, "back"), "true");
}

INSTANTIATE_TEST_SUITE_P(Widths, ComparePageInABrowser, ::testing::Values(360, 1280));

}  // namespace
}  // namespace thalweg::report
