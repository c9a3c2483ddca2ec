// `thalweg tensorpca` as a user types it, on small races.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
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
using ::testing::Not;

class Tensorpca : public ::testing::Test {
 protected:
  ProgramResult tensorpca(std::vector<std::string> words) const {
    words.insert(words.begin(), {"tensorpca", "--quiet"});
    return thalweg(words, folder_.path());
  }

  /// Those of a race that must end well, in a folder of that name.
  json results(const std::string& name, std::vector<std::string> words) const {
    words.insert(words.end(), {"--name", name});
    const auto result = tensorpca(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return read_results(name);
  }

  json read_results(const std::string& name) const {
    return json::parse(read_file(path(name) / "summary.json")).at("results");
  }

  fs::path path(const std::string& name) const { return folder_.path() / "runs" / name; }

  /// A race of some seconds, stopped by a signal after its first checkpoint and resumed, comes out
  /// as one that was never stopped. Returns the wait status of the first part.
  int expect_same_after(int signal) const {
    const std::vector<std::string> race = {"--dimension",
                                           "10,14",
                                           "--threads",
                                           "1",
                                           "--methods",
                                           "langevin-average,unfolding",
                                           "--seeds",
                                           "12",
                                           "--checkpoint-every",
                                           "2"};
    const json whole = results("whole", race);
    auto words = race;
    words.insert(words.begin(), {"tensorpca", "--quiet", "--name", "parts"});
    const int status = signal_after_checkpoint(words, folder_.path(), "parts", signal);
    if (WIFEXITED(status)) {
      EXPECT_EQ(read_results("parts").at("warnings").size(), 1U);
    }
    EXPECT_EQ(tensorpca({"--resume", "parts"}).exit_code, 0);
    EXPECT_EQ(read_results("parts"), whole);
    return status;
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(Tensorpca, WritesEveryFileAndEveryPromisedKey) {
  const auto result =
      tensorpca({"--dimension", "6,8", "--seeds", "4", "--order", "4", "--name", "a", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json::parse(result.out);
  const auto& found = summary["results"];
  EXPECT_EQ(found, read_results("a"));
  EXPECT_EQ(summary["status"], "done");
  EXPECT_EQ(found["order"], 4);
  EXPECT_EQ(found["average"], "iterates");
  EXPECT_EQ(found["refine"], false);
  EXPECT_THAT(found["dimensions"], ElementsAre(6, 8));
  ASSERT_EQ(found["samples"].size(), 2U);
  const std::vector<std::pair<const char*, double>> theories = {
      {"langevin-average", 2}, {"partial-trace", 2}, {"power", 3}, {"unfolding", 2}};
  for (const auto& [method, theory] : theories) {
    const auto& own = found["methods"][method];
    EXPECT_EQ(own["theory"], theory) << method;
    EXPECT_EQ(own["samples_to_half"].size(), 2U);
    for (const char* table : {"overlap2_mean", "overlap2_se"}) {
      ASSERT_EQ(own[table].size(), 2U);
      for (std::size_t d = 0; d < 2; ++d)
        EXPECT_EQ(own[table][d].size(), found["samples"][d].size());
    }
    for (const char* key : {"exponent", "exponent_se"}) EXPECT_TRUE(own.contains(key)) << key;
  }
  for (const char* file : {"config.toml", "metrics.h5", "summary.json", "log.txt", "report.html"})
    EXPECT_GT(fs::file_size(path("a") / file), 0U) << file;
}

TEST_F(Tensorpca, MeetsTheLawOfPartialTraces) {
  // Y[I] = w + N(0, v I), v = (d + 2) / (3 n): overlap^2 is 1 / (1 + (d - 1) v) in the mean, to
  // second order in v and to 0.001 here. 4.9 standard errors.
  constexpr double kD = 30, kN = 320;
  const auto found = results("a",
                             {"--dimension",
                              "30",
                              "--samples",
                              "320",
                              "--seeds",
                              "60",
                              "--methods",
                              "partial-trace"})["methods"]["partial-trace"];
  const double mean = found["overlap2_mean"][0][0], error = found["overlap2_se"][0][0];
  EXPECT_NEAR(mean, 1 / (1 + (kD - 1) * (kD + 2) / (3 * kN)), 4.9 * error);
}

TEST_F(Tensorpca, RefinementAndGradientsAreWhatTheySay) {
  const std::vector<std::string> race = {"--dimension",
                                         "20",
                                         "--samples",
                                         "120",
                                         "--seeds",
                                         "10",
                                         "--methods",
                                         "langevin-average,partial-trace"};
  const auto with = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.end(), race.begin(), race.end());
    return results(name, more)["methods"];
  };
  const auto plain = with("plain", {}), refined = with("refined", {"--refine"}),
             gradients = with("gradients", {"--average", "gradients"});
  const auto overlap2 = [](const json& methods, const char* method) {
    return methods[method]["overlap2_mean"][0][0].get<double>();
  };
  for (const char* method : {"langevin-average", "partial-trace"}) {
    EXPECT_GT(overlap2(refined, method), overlap2(plain, method) + 0.1) << method;
    EXPECT_EQ(plain[method]["theory"], 2.0);
    EXPECT_EQ(refined[method]["theory"], 1.5);
  }
  EXPECT_EQ(overlap2(gradients, "partial-trace"), overlap2(plain, "partial-trace"));
  EXPECT_NE(overlap2(gradients, "langevin-average"), overlap2(plain, "langevin-average"));
}

TEST_F(Tensorpca, AStoppedRaceGoesOnWithTheSameNumbers) {
  const int status = expect_same_after(SIGTERM);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST_F(Tensorpca, AKilledRaceGoesOnWithTheSameNumbers) {
  EXPECT_TRUE(WIFSIGNALED(expect_same_after(SIGKILL)));
}

TEST_F(Tensorpca, NumbersDoNotDependOnTheThreads) {
  const std::vector<std::string> race = {"--dimension", "6,8", "--seeds", "5"};
  auto one = race, two = race;
  one.insert(one.end(), {"--threads", "1"});
  two.insert(two.end(), {"--threads", "2"});
  EXPECT_EQ(results("one", one), results("two", two));
}

TEST_F(Tensorpca, ItsConfigurationMakesTheSameRunAgain) {
  const auto first =
      results("a", {"--dimension", "6,8", "--seeds", "4", "--order", "2", "--refine"});
  EXPECT_EQ(results("b", {"--config", "runs/a/config.toml"}), first);
}

TEST_F(Tensorpca, DryRunOnlySpeaks) {
  const auto result = tensorpca({"--dimension", "10,20", "--samples", "100,200", "--dry-run"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("96 jobs"));
  EXPECT_THAT(result.out, HasSubstr("d = 20: 2 sample sizes from 100 to 200"));
  const auto automatic = tensorpca({"--order", "5", "--dry-run"});
  EXPECT_THAT(automatic.out, HasSubstr("d = 14:")) << automatic.err;
  EXPECT_FALSE(fs::exists(path("")));
}

TEST_F(Tensorpca, BadOptionsAreOneSentenceAndExitCodeTwo) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"--order", "6"}, "--order"},
      {{"--order", "1"}, "--order"},
      {{"--dimension", "1"}, "[--dimension] expected whole numbers from 2"},
      {{"--dimension", "20,10"}, "[--dimension]"},
      {{"--dimension", "2000"},
       "[--dimension] a tensor of order 3 in 2000 dimensions takes 32.00 GB"},
      {{"--dimension", "200", "--order", "5", "--dry-run"}, "give dimensions up to 78"},
      {{"--samples", "0"}, "[--samples]"},
      {{"--samples", "200,100"}, "[--samples]"},
      {{"--seeds", "0"}, "--seeds"},
      {{"--methods", "pwoer"}, "Did you mean 'power'?"},
      {{"--average", "both"}, "--average"},
      {{"--device", "cuda"}, "[--device] thalweg tensorpca runs on the cpu only"},
      {{"--memory", "1MB", "--dimension", "100"}, "[--memory] 1MB is less"},
  };
  for (const auto& [options, expected] : cases) {
    const auto result = tensorpca(options);
    EXPECT_EQ(result.exit_code, 2) << expected << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(expected));
    EXPECT_THAT(result.err, Not(HasSubstr("index::")));
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
  EXPECT_FALSE(fs::exists(path("")));
}

}  // namespace
}  // namespace thalweg::testing
