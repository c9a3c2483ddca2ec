#include <string>
#include <vector>

#include "command_line.hpp"
#include "flow_options.hpp"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::testing {
namespace {

using app::FlowOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What `thalweg flow` would be run with.
struct Parsed {
  FlowOptions options;
  run::Settings settings{"flow"};
};

void parse(const std::vector<std::string>& arguments, Parsed& parsed) {
  add_settings(parsed.settings, parsed.options);
  app::apply_command_line(app::parse_command_line(app::flow_command(), arguments), parsed.settings);
}

/// The message of the error that these arguments raise.
std::string refusal(const std::vector<std::string>& arguments) {
  Parsed parsed;
  try {
    parse(arguments, parsed);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kBadInput);
    return error.what();
  }
  return "nothing was refused";
}

TEST(FlowSettings, HaveTheDefaultsOfTheOptions) {
  Parsed parsed;
  parse({}, parsed);
  EXPECT_FALSE(parsed.options.learning_rate.has_value());
  EXPECT_EQ(parsed.options.steps, 160);
  EXPECT_THAT(parsed.options.processes, ElementsAre("discrete", "midpoint", "central", "stable"));
}

TEST(FlowSettings, ListsOfChoicesTakeCommasAndRepetition) {
  Parsed parsed;
  parse({"--processes", "discrete,central", "--processes=stable"}, parsed);
  EXPECT_THAT(parsed.options.processes, ElementsAre("discrete", "central", "stable"));
}

TEST(FlowSettings, CommasInModelOptionsBelongToTheValue) {
  Parsed parsed;
  parse({"--model-option", "widths=64,32", "--model-option", "activation=tanh"}, parsed);
  EXPECT_THAT(parsed.options.problem.model_options, ElementsAre("widths=64,32", "activation=tanh"));
}

TEST(FlowSettings, FlagsSwitchBothWaysAndTheLastWordCounts) {
  Parsed parsed;
  parse({"--quiet", "--no-quiet", "--no-standardize", "--json", "--steps", "3", "--steps", "4"},
        parsed);
  EXPECT_FALSE(parsed.options.common.quiet);
  EXPECT_FALSE(parsed.options.problem.standardize);
  EXPECT_TRUE(parsed.options.common.json);
  EXPECT_EQ(parsed.options.steps, 4);
}

TEST(FlowSettings, NegativeNumbersAreValues) {
  Parsed parsed;
  parse({"--eigen-every", "-1"}, parsed);
  EXPECT_EQ(parsed.options.eigen_every, -1);
}

TEST(Configuration, YieldsToTheCommandLine) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "flow.toml";
  write_atomically(file, "steps = 7\nseed = 3\nlearning-rate = 0.25\n");
  Parsed parsed;
  parse({"--config", file.string(), "--steps", "9"}, parsed);
  EXPECT_EQ(parsed.options.steps, 9);
  EXPECT_EQ(parsed.options.common.seed, 3);
  EXPECT_EQ(parsed.options.learning_rate, 0.25);
}

TEST(Configuration, NamesFileAndLineOfATypo) {
  const TemporaryFolder folder;
  write_atomically(folder.path() / "flow.toml", "steps = 7\nlearnin-rate = 0.25\n");
  const auto result = thalweg({"flow", "--config", "flow.toml"}, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("[flow.toml:2:1]"));
  EXPECT_THAT(result.err, HasSubstr("Did you mean 'learning-rate'?"));
}

TEST(Configuration, CannotSayWhereSettingsComeFrom) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "flow.toml";
  write_atomically(file, "resume = \"yesterday\"\n");
  EXPECT_THAT(refusal({"--config", file.string()}), HasSubstr("--resume yesterday"));
}

/// A run of flow with 20 steps and seed 5, as its config.toml tells it.
class Resume : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "first");
    write_atomically(folder_.path() / "first" / "config.toml",
                     "command = \"flow\"\nsteps = 20\nseed = 5\nquiet = true\n");
  }
  std::vector<std::string> resume(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--out", folder_.path().string(), "--resume", "first"});
    return more;
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(Resume, TakesTheSettingsOfTheRun) {
  Parsed parsed;
  parse(resume({"--threads", "1"}), parsed);
  EXPECT_EQ(parsed.options.steps, 20);
  EXPECT_EQ(parsed.options.common.seed, 5);
  EXPECT_EQ(parsed.options.common.threads, 1);
  EXPECT_EQ(parsed.options.common.resume, "first");
}

TEST_F(Resume, GoesOnWithMoreStepsOnly) {
  Parsed parsed;
  parse(resume({"--steps", "30"}), parsed);
  EXPECT_EQ(parsed.options.steps, 30);
  EXPECT_THAT(refusal(resume({"--steps", "10"})), HasSubstr("the run to resume has 20 steps"));
}

TEST_F(Resume, NamesEverySettingThatMayNotDiffer) {
  const auto message = refusal(resume({"--seed", "6", "--learning-rate", "0.1", "--json"}));
  EXPECT_THAT(message, HasSubstr("leave out --learning-rate, --seed."));
}

TEST_F(Resume, SuggestsTheRunThatWasMeant) {
  const TemporaryFolder empty;
  EXPECT_THAT(refusal({"--out", empty.path().string(), "--resume", "frist"}),
              HasSubstr("there is no such run"));
}

}  // namespace
}  // namespace thalweg::testing
