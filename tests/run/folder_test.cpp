#include "thalweg/run/folder.hpp"

#include <chrono>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::message_of;
using testing::read_text;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::write_text;

class RunFolderTest : public ::testing::Test {
 protected:
  RunFolder create(const std::string& name, bool force = false) {
    return RunFolder::create(out(), name, force);
  }
  /// A run as its command leaves it.
  RunFolder finished(const std::string& name, const nlohmann::json& summary) {
    RunFolder run = create(name);
    write_text(run.config(), "command = \"flow\"\n");
    run.write_summary(summary);
    return run;
  }
  fs::path out() const { return folder_.path() / "runs"; }

  TemporaryFolder folder_;
};

TEST_F(RunFolderTest, CreatesTheFolderAndItsParents) {
  const RunFolder run = create("a");
  EXPECT_TRUE(fs::is_directory(out() / "a"));
  EXPECT_EQ(run.name(), "a");
  EXPECT_EQ(run.metrics(), out() / "a" / "metrics.h5");
}

TEST_F(RunFolderTest, NeverOverwritesWithoutForce) {
  finished("a", {{"loss", 1}});
  const std::string message = message_of<BadInput>([&] { create("a"); });
  EXPECT_THAT(message, HasSubstr("--force"));
  EXPECT_THAT(message, HasSubstr("--name"));
  EXPECT_THAT(message, HasSubstr("--resume"));
  EXPECT_TRUE(fs::exists(out() / "a" / "summary.json"));
}

TEST_F(RunFolderTest, ForceReplacesARun) {
  const RunFolder old = finished("a", {{"loss", 1}});
  fs::create_directory(old.checkpoints());
  write_text(old.path() / ".metrics.h5.tmp-123", "left by a killed process");
  const RunFolder run = create("a", true);
  EXPECT_TRUE(fs::is_empty(run.path()));
}

TEST_F(RunFolderTest, ForceReplacesARunKilledBeforeItsFirstFile) {
  create("a");
  EXPECT_NO_THROW(create("a", true));
}

TEST_F(RunFolderTest, ForceRefusesForeignFiles) {
  const RunFolder run = finished("a", {});
  write_text(run.path() / "thesis.tex", "years of work");
  EXPECT_THAT(message_of<BadInput>([&] { create("a", true); }), HasSubstr("'thesis.tex'"));
  EXPECT_TRUE(fs::exists(run.path() / "thesis.tex"));
  EXPECT_TRUE(fs::exists(run.config()));
}

TEST_F(RunFolderTest, ForceRefusesFilesAndLinks) {
  fs::create_directories(out());
  write_text(out() / "file", "x");
  const RunFolder run = finished("a", {});
  fs::create_directory_symlink(run.path(), out() / "link");
  EXPECT_THROW(create("file", true), BadInput);
  EXPECT_THROW(create("link", true), BadInput);
  EXPECT_EQ(read_text(out() / "file"), "x");
  EXPECT_TRUE(fs::exists(run.config()));
}

TEST_F(RunFolderTest, RemovesItselfAndNothingThatItLinksTo) {
  const RunFolder run = finished("a", {});
  write_text(folder_.path() / "dear", "x");
  fs::create_directories(folder_.path() / "elsewhere" / "deep");
  fs::create_directory_symlink(folder_.path() / "elsewhere", run.path() / "csv");
  fs::create_directories(run.checkpoints());
  fs::create_symlink(folder_.path() / "dear", run.checkpoints() / "link");
  run.remove(false);
  EXPECT_FALSE(fs::exists(run.path()));
  EXPECT_EQ(read_text(folder_.path() / "dear"), "x");
  EXPECT_TRUE(fs::exists(folder_.path() / "elsewhere" / "deep"));
}

TEST_F(RunFolderTest, IsNotRemovedWithMoreThanARunInItOrThroughALink) {
  const RunFolder run = finished("a", {});
  fs::create_directory_symlink(run.path(), out() / "link");
  EXPECT_THROW(RunFolder::open(out(), "link").remove(true), BadInput);
  write_text(run.path() / "notes.txt", "x");
  const auto message = message_of<BadInput>([&] { run.remove(true); });
  EXPECT_THAT(message, HasSubstr("'notes.txt'"));
  EXPECT_TRUE(fs::exists(run.config()));
}

TEST_F(RunFolderTest, OpensSeveralByPattern) {
  for (const auto* name : {"flow-1", "flow-2", "spectrum-1"}) finished(name, {});
  const auto names = [&](const std::vector<std::string>& words) {
    std::vector<std::string> found;
    for (const auto& run : open_runs(out(), words)) found.push_back(run.name());
    return found;
  };
  EXPECT_THAT(names({"flow-*"}), ::testing::ElementsAre("flow-1", "flow-2"));
  EXPECT_THAT(names({"*-1", "flow-2"}), ::testing::ElementsAre("flow-1", "spectrum-1", "flow-2"));
  EXPECT_THAT(list_runs(out(), "flow-?"), SizeIs(2));
  EXPECT_THAT(message_of<BadInput>([&] { names({"recover-*"}); }), HasSubstr("no run has a name"));
}

TEST_F(RunFolderTest, RefusesNamesThatLeaveTheFolder) {
  for (const std::string name : {"", ".", "..", "a/b", "/tmp", "../a", "a..b", "a\nb"}) {
    EXPECT_THROW(create(name), InvalidArgument) << name;
  }
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(RunFolderTest, SaysWhenTheFolderCannotBeCreated) {
  write_text(folder_.path() / "file", "x");
  EXPECT_THROW(RunFolder::create(folder_.path() / "file", "a", false), RunFailed);
  EXPECT_THROW(create(std::string(300, 'a')), RunFailed);
}

TEST_F(RunFolderTest, OpensByNameAndByPath) {
  const RunFolder run = finished("flow-1", {});
  EXPECT_EQ(RunFolder::open(out(), "flow-1").path(), run.path());
  EXPECT_EQ(RunFolder::open("elsewhere", run.path().string()).path(), run.path());
  EXPECT_EQ(RunFolder::open("elsewhere", run.path().string() + "/").name(), "flow-1");
  EXPECT_EQ(RunFolder::open("elsewhere", run.path().string() + "/.").name(), "flow-1");
}

TEST_F(RunFolderTest, NamesTheNearestRun) {
  finished("flow-1", {});
  EXPECT_THAT(message_of<BadInput>([&] { RunFolder::open(out(), "flw-1"); }),
              HasSubstr("Did you mean 'flow-1'?"));
  EXPECT_THAT(message_of<BadInput>([&] { RunFolder::open(out(), ""); }), HasSubstr("no such run"));
  EXPECT_THAT(message_of<BadInput>([&] { RunFolder::open(out(), folder_.path().string()); }),
              HasSubstr("no run folder"));
}

TEST_F(RunFolderTest, SummaryRoundTripsAndNonFiniteBecomesNull) {
  const RunFolder run = create("a");
  run.write_summary({{"loss", 0.1}, {"nan", std::nan("")}, {"infinite", HUGE_VAL}, {"text", "ß"}});
  const auto summary = run.read_summary();
  EXPECT_EQ(summary["loss"], 0.1);
  EXPECT_TRUE(summary["nan"].is_null());
  EXPECT_TRUE(summary["infinite"].is_null());
  EXPECT_EQ(summary["text"], "ß");
}

TEST_F(RunFolderTest, SummaryTakesTextThatIsNotUtf8) {
  const RunFolder run = create("a");
  run.write_summary({{"path", "\xFF"}});
  EXPECT_NO_THROW(run.read_summary());
}

TEST_F(RunFolderTest, RefusesEveryTruncationOfTheSummary) {
  const RunFolder run = create("a");
  run.write_summary({{"loss", 0.1}, {"list", {1, 2}}});
  const std::string whole = read_text(run.summary());
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {  // the last byte is a line feed
    write_text(run.summary(), whole.substr(0, size));
    EXPECT_THAT(message_of<BadInput>([&] { run.read_summary(); }), HasSubstr("summary.json"));
  }
  write_text(run.summary(), "[1]");
  EXPECT_THROW(run.read_summary(), BadInput);
}

TEST_F(RunFolderTest, DefaultNamesAreUnique) {
  const std::string first = default_run_name(out(), "flow");
  EXPECT_THAT(first, MatchesRegex("flow-[0-9]{8}-[0-9]{6}"));
  create(first);
  for (int i = 0; i < 3; ++i) EXPECT_NO_THROW(create(default_run_name(out(), "flow")));
}

TEST_F(RunFolderTest, ListsRunsNewestFirst) {
  finished("done", {{"command", "flow"}, {"status", "interrupted"}, {"seconds_wall", 2.5}});
  write_text(create("killed").config(), "command = \"mezo\"\n");
  write_text(create("damaged").summary(), "{");
  write_text(create("typed").summary(), "{\"status\": 3}");
  fs::create_directories(out() / "not a run");
  write_text(out() / "file", "x");
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::recursive_directory_iterator(out())) {
    const bool newest = entry.path().string().find("killed") != std::string::npos;
    fs::last_write_time(entry, newest ? now : now - std::chrono::hours(1));
  }

  const auto runs = list_runs(out());
  ASSERT_THAT(runs, SizeIs(4));
  EXPECT_EQ(runs[0].path, out() / "killed");
  EXPECT_EQ(runs[0].command, "mezo");
  EXPECT_EQ(runs[0].status, "unfinished");
  EXPECT_EQ(runs[1].status, "damaged");
  EXPECT_EQ(runs[2].command, "flow");
  EXPECT_EQ(runs[2].status, "interrupted");
  EXPECT_EQ(runs[2].seconds, 2.5);
  EXPECT_GT(runs[2].bytes, 20);
  EXPECT_EQ(runs[3].status, "damaged");
}

TEST_F(RunFolderTest, ListsNothingWhereThereIsNothing) { EXPECT_THAT(list_runs(out()), IsEmpty()); }

}  // namespace
}  // namespace thalweg::run
