#include "thalweg/report/result_tables.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/summaries.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::report {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using thalweg::testing::TemporaryFolder;

std::vector<std::string> names_of(const std::vector<ResultTable>& tables) {
  std::vector<std::string> names;
  for (const auto& table : tables) names.push_back(table.name);
  return names;
}

TEST(ResultTables, OfARaceHaveARowPerMethodDimensionAndSize) {
  const auto tables = result_tables(testing::race_summary("recover"));
  ASSERT_THAT(names_of(tables), ElementsAre("overlaps", "samples_to_half", "exponents"));
  EXPECT_THAT(tables[0].head,
              ElementsAre("method", "dimension", "samples", "overlap2_mean", "overlap2_se"));
  ASSERT_THAT(tables[0].rows, SizeIs(8));
  EXPECT_THAT(tables[0].rows[3], ElementsAre("phd", "40", "1000", "0.6", ""));
  ASSERT_THAT(tables[1].rows, SizeIs(4));
  EXPECT_THAT(tables[1].rows[3], ElementsAre("u-statistic", "40", "1400", "0.1"));
  EXPECT_THAT(tables[2].head, ElementsAre("method", "exponent", "exponent_se", "theory"));
  EXPECT_THAT(tables[2].rows[0], ElementsAre("phd", "2.02", "0.05", "2"));
}

TEST(ResultTables, PutListsOfOneLengthSideBySide) {
  const json summary = {{"results",
                         {{"lambda", {1, 0, 0.5}},
                          {"lambda_error", {0, nullptr, 1e-20}},
                          {"picture", {{"z", {-1, 1}}, {"y", {2, 3}}}},
                          {"warnings", {"a", "b", "c"}}}}};
  const auto tables = result_tables(summary);
  ASSERT_THAT(names_of(tables), ElementsAre("orders", "picture"));
  EXPECT_THAT(tables[0].head, ElementsAre("order", "lambda", "lambda_error"));
  EXPECT_THAT(tables[0].rows[1], ElementsAre("1", "0", ""));
  EXPECT_THAT(tables[0].rows[2], ElementsAre("2", "0.5", "1e-20"));
  EXPECT_THAT(tables[1].rows[0], ElementsAre("1", "2", "-1"));
}

TEST(ResultTables, HaveRecordsAsRowsAndTheirOwnRecordsInATableOfTheirs) {
  const json summary = {
      {"results",
       {{"needed", {{"ols", {{"n", 3}, {"law", {{"exact", true}}}}}}},
        {"leaps",
         {{{"order", 2}, {"orders", {{{"z", 1}}, {{"z", 9}}}}}, {{"order", 4}, {"new", "x,y"}}}}}}};
  const auto tables = result_tables(summary);
  ASSERT_THAT(names_of(tables), ElementsAre("leaps", "leaps_orders", "needed"));
  EXPECT_THAT(tables[0].head, ElementsAre("number", "order", "new"));
  EXPECT_THAT(tables[0].rows[1], ElementsAre("2", "4", "x,y"));
  EXPECT_THAT(tables[1].rows[1], ElementsAre("1", "2", "9"));
  EXPECT_THAT(tables[2].head, ElementsAre("name", "law.exact", "n"));
}

TEST(ResultTables, AreWrittenAsCsv) {
  const TemporaryFolder out;
  const auto files = export_tables({{"a", {"x", "y"}, {{"1", "a,b"}}}}, out / "new");
  EXPECT_THAT(files, ElementsAre(out.path() / "new" / "a.csv"));
  EXPECT_EQ(read_file(files[0]), "x,y\r\n1,\"a,b\"\r\n");
  EXPECT_THROW(export_tables({}, files[0]), RunFailed);
}

TEST(ResultTables, HaveRowsOfOneLengthWhateverASummaryHolds) {
  EXPECT_THAT(result_tables(json("no object")), IsEmpty());
  for (const json& damaged : testing::damaged_summaries()) {
    for (const auto& table : result_tables(damaged)) {
      for (const auto& row : table.rows) ASSERT_EQ(row.size(), table.head.size());
    }
  }
}

}  // namespace
}  // namespace thalweg::report
