#include "thalweg/report/headline.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/summaries.hpp"
#include "report/synthetic_run.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/report/html.hpp"
#include "thalweg/report/report.hpp"

namespace thalweg::report {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::exponent_summary;
using testing::flow_summary;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::race_summary;
using ::testing::SizeIs;
using testing::spectrum_summary;
using thalweg::testing::TemporaryFolder;

std::string lines_of(const json& summary) {
  std::string out;
  for (const auto& line : terminal_lines(headline(summary))) out += line + "\n";
  return out;
}

TEST(Headline, OfAFlowSaysWhatHappenedAndWhereItEnded) {
  const auto found = headline(flow_summary());
  EXPECT_EQ(found.key, "edge at step 6, loss within 0.3%");
  EXPECT_THAT(found.lines, SizeIs(4));
  const auto text = lines_of(flow_summary());
  EXPECT_THAT(text, HasSubstr("at step 6; the central flow turned along it from step 4."));
  EXPECT_THAT(text, HasSubstr("the flow holds the sharpness of each at 2."));
  EXPECT_THAT(text, HasSubstr("in the run it rose at 53 steps"));
  EXPECT_THAT(text, HasSubstr("an accuracy of 91% on the test examples."));
  EXPECT_THAT(text, Not(HasSubstr("**")));
  EXPECT_THAT(found.warnings, ElementsAre("Third derivatives do **not** converge."));
  EXPECT_THAT(found.suggestions, ElementsAre("Use `--dtype float64`."));
}

TEST(Headline, ClaimsOnlyWhatTheSharpnessOfTheFlowShows) {
  json summary = flow_summary();
  json& central = summary["results"]["processes"]["central"];
  central["largest_sharpness"] = 2.883;
  EXPECT_THAT(lines_of(summary), HasSubstr("the flow's sharpness reached 2.883, above the edge."));
  EXPECT_THAT(lines_of(summary), Not(HasSubstr("holds")));
  central.erase("largest_sharpness");
  EXPECT_THAT(lines_of(summary), HasSubstr("4 directions became unstable.\n"));
  EXPECT_THAT(lines_of(summary), Not(HasSubstr("holds")));
}

TEST(Headline, OfARunWithoutSpectraKnowsNothingOfTheEdge) {
  const json summary = {{"command", "flow"},
                        {"results",
                         {{"edge", {{"first_step", nullptr}}},
                          {"processes", {{"discrete", {{"loss", 0.1}, {"sharpness", nullptr}}}}}}}};
  EXPECT_THAT(lines_of(summary), HasSubstr("No sharpness of the run was measured"));
  EXPECT_THAT(lines_of(summary), Not(HasSubstr("stable all the way")));
}

TEST(Headline, OfASpectrumSaysUpToWhichRateItIsStable) {
  EXPECT_EQ(lines_of(spectrum_summary()),
            "Largest eigenvalues: 8, 2.\n"
            "Gradient descent is stable here up to a learning rate of 0.25. Trace: 20 ± 0.5, of "
            "which the 2 eigenvalues found carry 50%.\n"
            "The layer with the largest trace is head.\n");
  json flat = spectrum_summary();
  flat["results"]["eigenvalues"] = {-1.0};
  EXPECT_THAT(lines_of(flat), Not(HasSubstr("stable")));
}

TEST(Headline, OfARaceIsItsKeyFiguresAndItsTable) {
  for (const auto* command : {"recover", "tensorpca"}) {
    const auto lines = terminal_lines(headline(race_summary(command)));
    ASSERT_THAT(lines, SizeIs(6)) << command;
    EXPECT_EQ(lines[0], "Fewest samples in d = 40: 1,400 (by u-statistic).");
    EXPECT_THAT(lines[3], ::testing::MatchesRegex("Method +d = 20 +d = 40 +Exponent.*"));
    EXPECT_THAT(lines[5], ::testing::MatchesRegex("u-statistic +350 +1,400 +1\\.98 ± 0\\.05.*"));
  }
  EXPECT_EQ(headline(race_summary("recover")).key, "Fewest samples in d = 40: 1,400");
}

TEST(Headline, OfAnExponentNamesTheFewestRowsFirst) {
  EXPECT_EQ(lines_of(exponent_summary()),
            "Information exponent: 4. Generative exponent: none found up to the orders tried.\n"
            "The link is even.\n"
            "Method           Rows in d = 100\n"
            "sgd-average          about 9,000\n"
            "ols                       29,571\n"
            "phd          no number is enough\n");
  EXPECT_EQ(headline(exponent_summary()).key, "generative exponent not found");
}

TEST(Headline, OpensThePageOfItsRun) {
  const TemporaryFolder out;
  for (const auto& folder : {testing::write_flow_run(out.path(), "f", 40),
                             testing::write_spectrum_run(out.path(), "s")}) {
    write_report(folder);
    const std::string page = read_file(folder.report());
    const auto found = headline(folder.read_summary());
    EXPECT_FALSE(found.lines.empty());
    for (const auto& line : found.lines) EXPECT_THAT(page, HasSubstr(rich_text(line)));
  }
}

TEST(Headline, OfACommandThatIsNotKnownIsItsWarnings) {
  const auto found =
      headline({{"command", "mezo"}, {"results", {{"warnings", {"Too few tokens."}}}}});
  EXPECT_THAT(found.lines, IsEmpty());
  EXPECT_THAT(found.warnings, ElementsAre("Too few tokens."));
}

TEST(Headline, ReadsDamagedSummariesWithoutAnError) {
  for (const json& damaged : testing::damaged_summaries())
    EXPECT_NO_THROW(lines_of(damaged)) << damaged.dump();
  EXPECT_NO_THROW(lines_of(json("no object")));
}

TEST(TextLines, AlignColumnsByCharacters) {
  const Table table{.head = {"Method", "λ"}, .rows = {{"**a**", "1.5 ± 0.1"}, {"βγδ", "2"}}};
  EXPECT_THAT(text_lines(table),
              ElementsAre("Method          λ", "a       1.5 ± 0.1", "βγδ             2"));
}

TEST(PlainText, LosesTheMarksOfPairsOnly) {
  EXPECT_EQ(plain_text("**7** of `a*b`, 2**3"), "7 of a*b, 2**3");
}

}  // namespace
}  // namespace thalweg::report
