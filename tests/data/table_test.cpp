#include "thalweg/data/table.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TableFile : public ::testing::Test {
 protected:
  Table read(const std::string& text, const std::vector<std::string>& wanted = {}) {
    write(text);
    return read_table(path(), wanted);
  }
  std::string complaint(const std::string& text, const std::vector<std::string>& wanted = {}) {
    write(text);
    try {
      read_table(path(), wanted);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "(no complaint)";
  }
  void write(const std::string& text) { testing::write_text(path(), text); }
  std::filesystem::path path() const { return folder_.path() / "table.csv"; }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(TableFile, GivesColumnsInTheOrderAsked) {
  const std::string text = "name,age,score\nann,31,0.5\nbob,42,-1e3\n";
  const Table table = read(text, {"score", "age"});
  EXPECT_THAT(table.names, ElementsAre("score", "age"));
  EXPECT_THAT(table.column("score"), ElementsAre(0.5, -1000));
  EXPECT_THAT(table.column("age"), ElementsAre(31, 42));
  EXPECT_EQ(table.rows(), 2);
}

TEST_F(TableFile, ReadsWhatSpreadsheetsWrite) {
  EXPECT_THAT(read("\xEF\xBB\xBF"
                   "a;b\r\n1,5;2\r\n\r\n +3 ; 4 \r\n")
                  .column("a"),
              ElementsAre(1.5, 3));
  EXPECT_THAT(read("\"a, b\",c\n\"1\",\"2\"").column("a, b"), ElementsAre(1));
  EXPECT_THAT(read("a\tb\n1\t2\n").column("b"), ElementsAre(2));
  EXPECT_THAT(read("note,a\n\"two\nlines, a \"\"quote\"\"\",7\n", {"a"}).column("a"),
              ElementsAre(7));
}

TEST_F(TableFile, NamesTheLineAndTheColumn) {
  EXPECT_THAT(complaint("a,b\n1,2\n3,x\n"),
              HasSubstr("table.csv:3] column 'b': 'x' is not a number"));
  EXPECT_THAT(complaint("a,b\n1,\n"), HasSubstr("table.csv:2] column 'b' is empty"));
  EXPECT_THAT(complaint("a,b\n1,nan\n"), HasSubstr("column 'b' is nan"));
  EXPECT_THAT(complaint("a,b\n1,2,3\n"), HasSubstr("has 3 fields where the first line names 2"));
  EXPECT_THAT(complaint("a,b\n1,\"2\n"), HasSubstr("table.csv:2] a quote is opened"));
  EXPECT_THAT(complaint("a,b\n1,\"2\" 3\n"), HasSubstr("text follows a closing quote"));
  EXPECT_THAT(complaint("age,b\n1,2\n", {"agee"}), HasSubstr("Did you mean 'age'?"));
  EXPECT_THAT(complaint("a,a\n1,2\n"), HasSubstr("twice"));
  EXPECT_THAT(complaint("a,b\n"), HasSubstr("no row"));
  EXPECT_THAT(complaint(""), HasSubstr("empty"));
  EXPECT_THAT(complaint("a,b\n1,1e999\n"), HasSubstr("is not a number"));
}

TEST_F(TableFile, IgnoresWhatOtherColumnsHold) {
  EXPECT_THAT(read("a,b\n1,text\n2,\n", {"a"}).column("a"), ElementsAre(1, 2));
}

}  // namespace
}  // namespace thalweg::data
