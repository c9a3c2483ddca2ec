#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/run/folder.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A run that some other program made: two steps of one series.
class Runs : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto run = run::RunFolder::create(path() / "runs", "made-up", false);
    write_atomically(run.config(), "command = \"flow\"\nsteps = 2\n");
    run::Recorder recorder(run.metrics());
    recorder.declare("discrete/train_loss", "nats", "the training loss");
    recorder.record("discrete/train_loss", 0, 0.5);
    recorder.record("discrete/train_loss", 1, 0.25);
    recorder.write_snapshot();
    run.write_summary({{"command", "flow"}, {"status", "done"}, {"seconds_wall", 75.0}});
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(Runs, AreListed) {
  const auto list = thalweg({"list"}, path());
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_THAT(list.out, HasSubstr("RUN"));
  EXPECT_THAT(list.out, HasSubstr("made-up  flow     done    1 min 15 s"));
}

TEST_F(Runs, AreListedAsJson) {
  const auto list = thalweg({"list", "--out", (path() / "runs").string(), "--json"});
  const auto runs = nlohmann::json::parse(list.out);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].at("command"), "flow");
  EXPECT_EQ(runs[0].at("status"), "done");
  EXPECT_EQ(runs[0].at("seconds"), 75.0);
}

TEST_F(Runs, AreListedByCommandAndPattern) {
  const auto other = run::RunFolder::create(path() / "runs", "s-1", false);
  other.write_summary({{"command", "spectrum"}, {"results", {{"eigenvalues", {9.14, 3}}}}});
  const auto listed = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "list");
    return thalweg(words, path()).out;
  };
  EXPECT_THAT(listed({}), HasSubstr("largest eigenvalue 9.14\n"));
  EXPECT_THAT(listed({"--command", "spectrum"}), Not(HasSubstr("made-up")));
  EXPECT_THAT(listed({"made*"}), Not(HasSubstr("s-1")));
  EXPECT_THAT(listed({"*-?", "--json"}), HasSubstr("\"result\": \"largest eigenvalue 9.14\""));
  EXPECT_THAT(listed({"x*"}), HasSubstr("'thalweg list' shows all"));
}

TEST_F(Runs, AreShownAgain) {
  const auto run = run::RunFolder::open(path() / "runs", "made-up");
  run.write_summary({{"command", "flow"},
                     {"status", "done"},
                     {"seconds_wall", 75.0},
                     {"results",
                      {{"processes", {{"discrete", {{"loss", 0.25}}}}},
                       {"warnings", {"It is **made** up."}},
                       {"suggestions", {"Use `more` steps."}}}}});
  const auto shown = thalweg({"show", "made-up"}, path());
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(shown.out,
            "made-up (thalweg flow): done after 1 min 15 s\n"
            "No flow was run beside it, so nothing here predicts its average.\n"
            "The run ended at a loss of 0.25 on the training examples.\n"
            "warning: It is made up.\n"
            "Use more steps.\n"
            "Report: runs/made-up/report.html\n");
  EXPECT_EQ(nlohmann::json::parse(thalweg({"show", "made-up", "--json"}, path()).out)["status"],
            "done");
  std::filesystem::remove(run.summary());
  EXPECT_THAT(thalweg({"show", "made-up"}, path()).out,
              HasSubstr("'thalweg flow --resume runs/made-up' goes on with it"));
}

TEST_F(Runs, AreOpenedWithAPage) {
  // A browser that only says what it was given.
  std::filesystem::create_directory(path() / "bin");
  write_atomically(path() / "bin" / "xdg-open", "#!/bin/sh\necho opened $1\n");
  std::filesystem::permissions(path() / "bin" / "xdg-open", std::filesystem::perms::all);
  const auto opened =
      run_program({"sh", "-c", "PATH=$PWD/bin:$PATH " THALWEG_PROGRAM " open made-up"}, path());
  EXPECT_EQ(opened.exit_code, 0) << opened.err;
  EXPECT_THAT(opened.out, HasSubstr("opened runs/made-up/report.html\n"));
  EXPECT_TRUE(std::filesystem::exists(path() / "runs" / "made-up" / "report.html"));
}

TEST_F(Runs, AreRemovedWhenAskedTo) {
  const auto asked = thalweg({"rm", "made-up"}, path());
  EXPECT_EQ(asked.exit_code, 2);
  EXPECT_THAT(asked.err, HasSubstr("would remove 1 run, "));
  EXPECT_TRUE(std::filesystem::exists(path() / "runs" / "made-up"));
  const auto removed = thalweg({"rm", "made*", "runs/made-up", "--yes"}, path());
  EXPECT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_THAT(removed.out, HasSubstr("Removed 1 run, "));
  EXPECT_FALSE(std::filesystem::exists(path() / "runs" / "made-up"));
}

TEST_F(Runs, AreAllKeptWhereOneCannotBeRemoved) {
  const auto other = run::RunFolder::create(path() / "runs", "other", false);
  write_atomically(other.config(), "command = \"flow\"\n");
  write_atomically(other.path() / "thesis.tex", "x");
  const auto refused = thalweg({"rm", "*", "--force"}, path());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("'thesis.tex'"));
  EXPECT_TRUE(std::filesystem::exists(path() / "runs" / "made-up"));
  EXPECT_EQ(thalweg({"rm", "runs", "--yes"}, path()).exit_code, 2);  // no run folder
}

TEST_F(Runs, LieWhereTheEnvironmentSays) {
  const auto listed = [&](const std::string& words) {
    return run_program({"sh",
                        "-c",
                        "cd / && THALWEG_RUNS=" + (path() / "runs").string() + " " +
                            THALWEG_PROGRAM + words},
                       path())
        .out;
  };
  EXPECT_THAT(listed(" list"), HasSubstr("made-up"));
  EXPECT_THAT(listed(" list --out /nowhere"), HasSubstr("no runs in /nowhere"));
}

TEST_F(Runs, AreExportedAsCsv) {
  const auto exported = thalweg({"export", "made-up", "--to", "tables"}, path());
  EXPECT_EQ(exported.exit_code, 0);
  EXPECT_EQ(exported.out, "tables/discrete.csv\n");
  EXPECT_EQ(read_file(path() / "tables" / "discrete.csv"),
            "step,train_loss\r\n0,0.5\r\n1,0.25\r\n");
}

TEST_F(Runs, WithoutSeriesAreExportedAsTables) {
  const auto run = run::RunFolder::create(path() / "runs", "s-1", false);
  EXPECT_EQ(thalweg({"export", "s-1"}, path()).exit_code, 2);
  write_atomically(run.config(), "command = \"spectrum\"\n");
  const auto nothing = thalweg({"export", "s-1"}, path());
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("neither series nor results yet"));
  run.write_summary({{"command", "spectrum"}, {"results", {{"eigenvalues", {9.14, 3}}}}});
  const auto exported = thalweg({"export", "s-1", "--to", "tables"}, path());
  EXPECT_EQ(exported.out, "tables/eigenvalues.csv\n");
  EXPECT_EQ(read_file(path() / "tables" / "eigenvalues.csv"),
            "number,eigenvalues\r\n1,9.14\r\n2,3\r\n");
}

TEST_F(Runs, AreExportedIntoThemselvesByDefault) {
  EXPECT_EQ(thalweg({"export", "runs/made-up"}, path()).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(path() / "runs" / "made-up" / "csv" / "discrete.csv"));
}

TEST_F(Runs, AreFoundByTheNearestName) {
  for (const auto* command : {"export", "report"}) {
    const auto result = thalweg({command, "madeup"}, path());
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("Did you mean 'made-up'?"));
  }
}

TEST(NoRuns, AreNoError) {
  const TemporaryFolder empty;
  EXPECT_EQ(thalweg({"list"}, empty.path()).exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(thalweg({"list", "--json"}, empty.path()).out).size(), 0U);
  EXPECT_THAT(thalweg({"list"}, empty.path()).err, IsEmpty());
}

}  // namespace
}  // namespace thalweg::testing
