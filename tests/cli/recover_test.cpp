// `thalweg recover` as a user types it, on small races.

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Recover : public ::testing::Test {
 protected:
  static std::vector<std::string> words(std::vector<std::string> more) {
    std::vector<std::string> all = {
        "recover", "--link", "relu(z)", "--methods", "ols", "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  ProgramResult run(const std::vector<std::string>& all) const {
    return thalweg(all, folder_.path());
  }
  ProgramResult recover(std::vector<std::string> more) const { return run(words(std::move(more))); }

  json results(const std::string& name) const {
    return json::parse(read_file(path(name) / "summary.json")).at("results");
  }

  fs::path path(const std::string& name) const { return folder_.path() / "runs" / name; }

  /// Starts a race of a minute and sends it a signal once it has saved a checkpoint.
  int signal_after_checkpoint(const std::string& name, int signal) const {
    return testing::signal_after_checkpoint(words(long_race(name)), folder_.path(), name, signal);
  }

  static std::vector<std::string> long_race(const std::string& name) {
    return {"--dimension",
            "40,80",
            "--samples",
            "100,1000,10000",
            "--seeds",
            "40",
            "--name",
            name,
            "--quiet",
            "--checkpoint-every",
            "3"};
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(Recover, WritesEveryFileAndEveryPromisedKey) {
  const auto result =
      recover({"--dimension", "8,16", "--seeds", "6", "--name", "a", "--quiet", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json::parse(result.out);
  EXPECT_EQ(summary["results"], results("a"));
  EXPECT_EQ(summary["status"], "done");
  const auto& found = summary["results"];
  EXPECT_THAT(found["dimensions"], ElementsAre(8, 16));
  ASSERT_EQ(found["samples"].size(), 2U);
  const auto& ols = found["methods"]["ols"];
  for (const char* table : {"overlap2_mean", "overlap2_se"}) {
    ASSERT_EQ(ols[table].size(), 2U);
    for (std::size_t d = 0; d < 2; ++d) EXPECT_EQ(ols[table][d].size(), found["samples"][d].size());
  }
  EXPECT_EQ(ols["samples_to_half"].size(), 2U);
  for (const char* key : {"exponent", "exponent_se", "theory"})
    EXPECT_TRUE(ols.contains(key)) << key;
  EXPECT_EQ(ols["theory"], 1.0);
  for (const char* file : {"config.toml", "metrics.h5", "summary.json", "log.txt", "report.html"})
    EXPECT_GT(fs::file_size(path("a") / file), 0U) << file;
}

TEST_F(Recover, MeetsTheLawOfLeastSquares) {
  // Slopes of n rows on d columns: the noise of the order-one moment over the signal gives
  // overlap^2 = 1 / (1 + d v / n) with v = E[(y - c_1 z)^2] / c_1^2 for n well above d. ReLU: E y^2
  // = 1/2, c_0^2 = 1/(2 pi), c_1 = 1/2, v = 0.3634. The mean over 40 seeds has a standard error of
  // .006.
  ASSERT_EQ(
      recover({"--dimension", "50", "--samples", "500", "--seeds", "40", "--name", "a", "--quiet"})
          .exit_code,
      0);
  const auto ols = results("a")["methods"]["ols"];
  const double mean = ols["overlap2_mean"][0][0], error = ols["overlap2_se"][0][0];
  EXPECT_NEAR(mean, 1 / (1 + 50 * 0.3634 / 450), 4.9 * error);
}

TEST_F(Recover, TakesTheGenerativeExponentAndTransformsLabels) {
  // h_3 shows nothing at order 1 as it comes; its transform does.
  const auto labels = [&](std::vector<std::string> more) {
    std::vector<std::string> all = {"--link",
                                    "h3(z)",
                                    "--methods",
                                    "partial-trace",
                                    "--dimension",
                                    "8",
                                    "--samples",
                                    "400",
                                    "--seeds",
                                    "8",
                                    "--name",
                                    "a",
                                    "--force",
                                    "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_EQ(recover(all).exit_code, 0);
    return results("a");
  };
  const auto automatic = labels({});
  EXPECT_EQ(automatic["order"], 1);
  EXPECT_EQ(automatic["labels"], "optimal transform");
  EXPECT_GT(automatic["methods"]["partial-trace"]["overlap2_mean"][0][0], 0.9);
  const auto third = labels({"--order", "3"});
  EXPECT_EQ(third["labels"], "raw");
}

TEST_F(Recover, AStoppedRaceGoesOnWithTheSameNumbers) {
  ASSERT_EQ(recover(long_race("whole")).exit_code, 0);
  const int status = signal_after_checkpoint("parts", SIGTERM);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 130);
  EXPECT_EQ(json::parse(read_file(path("parts") / "summary.json"))["status"], "interrupted");
  const auto resumed =
      thalweg({"recover", "--resume", "parts", "--quiet"}, path("").parent_path().parent_path());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(results("parts"), results("whole"));
}

TEST_F(Recover, AKilledRaceGoesOnWithTheSameNumbers) {
  ASSERT_EQ(recover(long_race("whole")).exit_code, 0);
  const int status = signal_after_checkpoint("parts", SIGKILL);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto resumed =
      thalweg({"recover", "--resume", "parts", "--quiet"}, path("").parent_path().parent_path());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(results("parts"), results("whole"));
}

TEST_F(Recover, NumbersDoNotDependOnTheThreads) {
  const std::vector<std::string> race = {"--dimension", "8,16", "--seeds", "7", "--quiet"};
  auto one = race, two = race;
  one.insert(one.end(), {"--name", "one"});
  two.insert(two.end(), {"--name", "two", "--threads", "2"});
  ASSERT_EQ(recover(one).exit_code, 0);
  ASSERT_EQ(recover(two).exit_code, 0);
  EXPECT_EQ(results("one"), results("two"));
}

TEST_F(Recover, ItsConfigurationMakesTheSameRunAgain) {
  ASSERT_EQ(recover({"--dimension", "8,16", "--seeds", "5", "--name", "a", "--quiet"}).exit_code,
            0);
  const auto again =
      thalweg({"recover", "--config", "runs/a/config.toml", "--name", "b", "--quiet"},
              path("").parent_path().parent_path());
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(results("a"), results("b"));
}

// Rows that are too few for one pass are enough for several: the sum of the steps counts.
TEST_F(Recover, PassesGoOverTheRowsAgain) {
  const auto overlap = [&](const char* passes) {
    const auto result = run(
        {"recover",   "--link",       "h3",          "--order",  "3",         "--labels", "raw",
         "--methods", "smoothed-sgd", "--dimension", "24",       "--samples", "1000",     "--seeds",
         "8",         "--threads",    "1",           "--passes", passes,      "--name",   passes});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return results(passes)["methods"]["smoothed-sgd"]["overlap2_mean"][0][0].get<double>();
  };
  EXPECT_GT(overlap("5"), overlap("1") + 0.2);
}

TEST_F(Recover, DryRunOnlySpeaks) {
  const auto result = recover({"--dimension", "10,20", "--samples", "100,200", "--dry-run"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("24 jobs"));
  EXPECT_THAT(result.out, HasSubstr("d = 20: 2 sample sizes from 100 to 200"));
  EXPECT_FALSE(fs::exists(path("")));
}

TEST_F(Recover, BadOptionsAreOneSentenceAndExitCodeTwo) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"--dimension", "20,10"}, "[--dimension] expected whole numbers from 2"},
      {{"--dimension", "1"}, "[--dimension]"},
      {{"--dimension", ""}, "[--dimension]"},
      {{"--dimension", "10,x"}, "--dimension"},
      {{"--samples", "100,100"}, "[--samples]"},
      {{"--samples", "0"}, "[--samples]"},
      {{"--samples", "many"}, "--samples"},
      {{"--seeds", "0"}, "--seeds"},
      {{"--noise", "loud"}, "gaussian:LEVEL"},
      {{"--order", "9"}, "--order"},
      {{"--methods", "olz"}, "Did you mean 'ols'?"},
      {{"--device", "cuda"}, "[--device] thalweg recover runs on the cpu only"},
      {{"--memory", "1MB", "--dimension", "100", "--samples", "5000"}, "[--memory] 1MB is less"},
      {{"--radius", "automatic", "--radius-exponent", "0.3"}, "[--radius-exponent]"},
      {{"--methods", "smoothed-sgd-chain", "--radius", "annealed"}, "[--radius] a chain keeps"},
      {{"--methods", "online-sgd-chain", "--passes", "2"}, "[--passes] a chain meets"},
      {{"--link", "relu(z"}, "relu(z"},
      {{"--link", "z=3"}, "="},
      {{"--link", "z1*z2*z3", "--dimension", "2"}, "3 variables"},
  };
  for (const auto& [options, expected] : cases) {
    const auto result = recover(options);
    EXPECT_EQ(result.exit_code, 2) << expected << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(expected));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_FALSE(fs::exists(path("")));
}

}  // namespace
}  // namespace thalweg::testing
