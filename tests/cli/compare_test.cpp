#include <filesystem>
#include <string>

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

/// Two runs of different length in runs/, `slow` and `fast`.
class Compare : public ::testing::Test {
 protected:
  void SetUp() override {
    write_run(path() / "runs", "slow", 0.1, 4);
    write_run(path() / "runs", "fast", 0.4, 7);
  }

  static void write_run(const std::filesystem::path& out,
                        const std::string& name,
                        double rate,
                        int steps) {
    const auto run = run::RunFolder::create(out, name, false);
    write_atomically(
        run.config(),
        "command = \"flow\"\nseed = 0\nlearning-rate = " + std::to_string(rate) + "\n");
    run::Recorder recorder(run.metrics());
    recorder.declare("discrete/train_loss", "loss", "the training loss");
    for (int t = 0; t < steps; ++t) recorder.record("discrete/train_loss", t, 1 / (1 + rate * t));
    recorder.write_snapshot();
    run.write_summary({{"command", "flow"}, {"status", "done"}, {"seconds_wall", 2.0}});
  }

  ProgramResult compare(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "compare");
    return thalweg(arguments, path());
  }
  void expect_refusal(const std::vector<std::string>& arguments, const std::string& part) const {
    const auto result = compare(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(part));
    EXPECT_EQ(result.out, "");
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(Compare, WritesAPageBesideTheRunsAndPrintsItsPath) {
  const auto result = compare({"slow", "fast"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "runs/compare-slow-fast.html\n");
  const std::string page = read_file(path() / "runs" / "compare-slow-fast.html");
  EXPECT_THAT(page, HasSubstr("slow against fast"));
  EXPECT_THAT(page, HasSubstr("learning-rate"));
}

TEST_F(Compare, TakesOptionsBetweenRunsAndRunsByPath) {
  const auto result = compare({"runs/slow", "--report", "page.html", "fast", "--open", "no"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "page.html\n");
}

TEST_F(Compare, LooksRunsUpInAnotherFolder) {
  write_run(path() / "others", "slow", 0.2, 3);
  write_run(path() / "others", "slower", 0.01, 3);
  const auto result = compare({"slow", "slower", "--out", "others"});
  EXPECT_EQ(result.out, "others/compare-slow-slower.html\n");
}

TEST_F(Compare, PrintsJson) {
  const auto json = nlohmann::json::parse(compare({"slow", "fast", "--json"}).out);
  EXPECT_EQ(json.at("settings").at("differing"),
            nlohmann::json({{"learning-rate", {{"slow", 0.1}, {"fast", 0.4}}}}));
  EXPECT_EQ(json.at("settings").at("equal"), 1);
  EXPECT_NEAR(json.at("results").at("processes.discrete.loss").at("slow"), 1 / 1.3, 1e-12);
  EXPECT_EQ(json.at("report"), "runs/compare-slow-fast.html");
}

TEST_F(Compare, GivesRunsOfOneNameANumber) {
  write_run(path() / "others", "slow", 0.2, 3);
  const auto json = nlohmann::json::parse(compare({"slow", "others/slow", "--json"}).out);
  EXPECT_EQ(json.at("runs").at(1).at("name"), "slow (2)");
  EXPECT_EQ(json.at("runs").at(1).at("path"), "others/slow");
}

TEST_F(Compare, ComparesARunThatHasNotEnded) {
  std::filesystem::remove(path() / "runs" / "fast" / "summary.json");
  const auto json = nlohmann::json::parse(compare({"slow", "fast", "--json"}).out);
  EXPECT_EQ(json.at("runs").at(1).at("status"), "unfinished");
  EXPECT_EQ(json.at("results").at("processes.discrete.loss").at("fast"), 1 / (1 + 0.4 * 6));
}

TEST_F(Compare, ReplacesItsOwnPagesOnly) {
  EXPECT_EQ(compare({"slow", "fast"}).exit_code, 0);
  EXPECT_EQ(compare({"slow", "fast"}).exit_code, 0);
  write_atomically(path() / "dear.html", "<!DOCTYPE html>not ours");
  expect_refusal({"slow", "fast", "--report", "dear.html"}, "is no comparison of ours");
  EXPECT_EQ(read_file(path() / "dear.html"), "<!DOCTYPE html>not ours");
  EXPECT_EQ(compare({"slow", "fast", "--report", "dear.html", "--force"}).exit_code, 0);
  expect_refusal({"slow", "fast", "--report", "runs", "--force"}, "is a folder");
}

TEST_F(Compare, NamesWhatCannotBeRead) {
  expect_refusal({"slow", "fsat"}, "Did you mean 'fast'?");
  const auto fast = path() / "runs" / "fast";
  write_atomically(fast / "config.toml", "command = \"flow\"\nseed =\n");
  expect_refusal({"slow", "fast"}, "runs/fast/config.toml:2] is damaged");
  write_atomically(fast / "config.toml", "command = \"flow\"\n");
  write_atomically(fast / "summary.json", "{\"command\": ");
  expect_refusal({"slow", "fast"}, "runs/fast/summary.json] is no JSON");
  std::filesystem::remove(fast / "summary.json");
  write_atomically(fast / "metrics.h5", "cut off");
  expect_refusal({"slow", "fast"}, "runs/fast/metrics.h5] is no metrics file");
  EXPECT_FALSE(std::filesystem::exists(path() / "runs" / "compare-slow-fast.html"));
}

}  // namespace
}  // namespace thalweg::testing
