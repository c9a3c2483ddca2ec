#include <filesystem>

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
  EXPECT_THAT(list.out, HasSubstr("made-up  flow        done"));
}

TEST_F(Runs, AreListedAsJson) {
  const auto list = thalweg({"list", "--out", (path() / "runs").string(), "--json"});
  const auto runs = nlohmann::json::parse(list.out);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].at("command"), "flow");
  EXPECT_EQ(runs[0].at("status"), "done");
  EXPECT_EQ(runs[0].at("seconds"), 75.0);
}

TEST_F(Runs, AreExportedAsCsv) {
  const auto exported = thalweg({"export", "made-up", "--to", "tables"}, path());
  EXPECT_EQ(exported.exit_code, 0);
  EXPECT_EQ(exported.out, "tables/discrete.csv\n");
  EXPECT_EQ(read_file(path() / "tables" / "discrete.csv"),
            "step,train_loss\r\n0,0.5\r\n1,0.25\r\n");
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
