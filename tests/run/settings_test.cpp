#include "thalweg/run/settings.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::run {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::TemporaryFolder;
using testing::write_text;

struct Options {
  bool exact = false;
  std::int64_t steps = 100;
  double learning_rate = 0.1;
  std::string activation = "tanh";
  std::vector<std::string> processes = {"discrete", "central"};
  std::optional<double> decay;
  std::optional<std::int64_t> rank;
  bool quiet = false;
};

Settings settings_of(Options& options) {
  Settings settings("flow");
  settings.add({.name = "exact", .target = &options.exact, .help = "use every eigenvector"});
  settings.add({.name = "steps", .target = &options.steps, .help = "steps to take", .minimum = 0});
  settings.add({.name = "learning-rate",
                .target = &options.learning_rate,
                .help = "learning rate",
                .minimum = 0,
                .maximum = 10});
  settings.add({.name = "activation",
                .target = &options.activation,
                .help = "activation of the hidden layers",
                .choices = {"tanh", "gelu", "relu"}});
  settings.add({.name = "processes",
                .target = &options.processes,
                .help = "what to run",
                .choices = {"discrete", "central", "stable"}});
  settings.add({.name = "decay", .target = &options.decay, .help = "decay", .maximum = 1});
  settings.add({.name = "rank", .target = &options.rank, .help = "rank", .minimum = 1});
  settings.add(
      {.name = "quiet", .target = &options.quiet, .help = "no progress", .recorded = false});
  return settings;
}

class SettingsTest : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    const auto path = folder_.path() / "run.toml";
    write_text(path, text);
    return path;
  }
  /// The message of the BadInput for a configuration, without the folder of the file.
  std::string refusal(const std::string& text) {
    const auto path = file(text);
    std::string message = message_of<BadInput>([&] { settings_.read_toml(path); });
    const auto prefix = "[" + folder_.path().string() + "/";
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(std::min(prefix.size(), message.size()));
  }
  std::string refusal_of(const std::string& name, const std::vector<std::string>& values) {
    return message_of<InvalidArgument>([&] { settings_.set(name, values); });
  }

  TemporaryFolder folder_;
  Options options_;
  Settings settings_ = settings_of(options_);
};

TEST_F(SettingsTest, SetsEveryTypeFromText) {
  settings_.set("exact", {"true"});
  settings_.set("steps", {"250"});
  settings_.set("learning-rate", {"5e-1"});
  settings_.set("activation", {"gelu"});
  settings_.set("processes", {"stable", "central"});
  settings_.set("decay", {"-0.5"});
  settings_.set("rank", {"3"});
  EXPECT_TRUE(options_.exact);
  EXPECT_EQ(options_.steps, 250);
  EXPECT_EQ(options_.learning_rate, 0.5);
  EXPECT_EQ(options_.activation, "gelu");
  EXPECT_THAT(options_.processes, ElementsAre("stable", "central"));
  EXPECT_EQ(options_.decay, -0.5);
  EXPECT_EQ(options_.rank, 3);
}

TEST_F(SettingsTest, RemembersWhatWasGiven) {
  EXPECT_FALSE(settings_.given("steps"));
  settings_.set("steps", {"100"});
  EXPECT_TRUE(settings_.given("steps"));
  EXPECT_FALSE(settings_.given("learning-rate"));
}

TEST_F(SettingsTest, DoesNotSplitTextOfLists) {
  std::vector<std::string> names;
  Settings settings("fit");
  settings.add({.name = "columns", .target = &names, .help = "columns"});
  settings.set("columns", {"a,b"});
  EXPECT_THAT(names, ElementsAre("a,b"));
}

TEST_F(SettingsTest, NamesTheNearestOption) {
  EXPECT_THAT(refusal_of("learning-rte", {"1"}),
              HasSubstr("unknown option '--learning-rte'. Did you mean '--learning-rate'?"));
}

TEST_F(SettingsTest, RefusesBadTextAndKeepsTheValue) {
  EXPECT_THAT(refusal_of("steps", {"many"}), HasSubstr("--steps"));
  EXPECT_THAT(refusal_of("steps", {"1.5"}), HasSubstr("1.5"));
  EXPECT_THAT(refusal_of("steps", {"-1"}), EndsWith("must be at least 0; got -1."));
  EXPECT_THAT(refusal_of("decay", {"2"}), EndsWith("must be at most 1; got 2."));
  EXPECT_THAT(refusal_of("learning-rate", {"nan"}), HasSubstr("must be a number; got nan."));
  EXPECT_THAT(refusal_of("learning-rate", {"11"}), HasSubstr("must be from 0 to 10; got 11."));
  EXPECT_THAT(refusal_of("learning-rate", {}), HasSubstr("takes one value; got 0."));
  EXPECT_THAT(refusal_of("activation", {"rlu"}),
              HasSubstr("must be one of tanh, gelu, relu; got 'rlu'. Did you mean 'relu'?"));
  EXPECT_THAT(refusal_of("processes", {"central", "x"}), HasSubstr("got 'x'"));
  EXPECT_EQ(options_.steps, 100);
  EXPECT_EQ(options_.learning_rate, 0.1);
  EXPECT_FALSE(settings_.given("steps"));
}

TEST_F(SettingsTest, RefusesTextThatIsNotUtf8) {
  std::string text = "default";
  Settings settings("fit");
  settings.add({.name = "table", .target = &text, .help = "table"});
  for (const std::string bad : {"\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
    EXPECT_THROW(settings.set("table", {bad}), InvalidArgument);
  }
  settings.set("table", {"Größe €😀"});
  EXPECT_EQ(text, "Größe €😀");
}

TEST_F(SettingsTest, ReadsAFile) {
  settings_.read_toml(
      file("command = 'flow'\n"
           "thalweg = '0.1.0'\n"
           "exact = true\n"
           "steps = 1_000\n"
           "learning-rate = 2  # a whole number where any number is wanted\n"
           "processes = 'stable'\n"
           "decay = 1e-3\n"));
  EXPECT_TRUE(options_.exact);
  EXPECT_EQ(options_.steps, 1000);
  EXPECT_EQ(options_.learning_rate, 2.0);
  EXPECT_THAT(options_.processes, ElementsAre("stable"));
  EXPECT_EQ(options_.decay, 1e-3);
  EXPECT_FALSE(settings_.given("steps"));
}

TEST_F(SettingsTest, CommandLineWinsOverTheFile) {
  settings_.set("steps", {"7"});
  settings_.read_toml(file("steps = 8\nlearning-rate = 0.25\n"));
  EXPECT_EQ(options_.steps, 7);
  EXPECT_EQ(options_.learning_rate, 0.25);
}

TEST_F(SettingsTest, NamesThePlaceOfAnUnknownKey) {
  EXPECT_EQ(refusal("steps = 1\n\n  learning-rte = 0.5\n"),
            "run.toml:3:3] unknown key 'learning-rte'. Did you mean 'learning-rate'?");
  EXPECT_EQ(refusal("[zebra]\n"),
            "run.toml:1:2] unknown key 'zebra'. 'thalweg flow --help' lists them.");
}

TEST_F(SettingsTest, NamesThePlaceOfABadValue) {
  EXPECT_EQ(refusal("steps = -1\n"), "run.toml:1:9] 'steps' must be at least 0; got -1.");
  EXPECT_EQ(refusal("steps = 1.5\n"),
            "run.toml:1:9] 'steps' must be a whole number; got a number with a fraction.");
  EXPECT_EQ(refusal("steps = '3'\n"), "run.toml:1:9] 'steps' must be a whole number; got a text.");
  EXPECT_EQ(refusal("\nexact = 1\n"),
            "run.toml:2:9] 'exact' must be true or false; got a whole number.");
  EXPECT_EQ(refusal("learning-rate = nan\n"),
            "run.toml:1:17] 'learning-rate' must be a number; got nan.");
  EXPECT_EQ(
      refusal("processes = ['central', 3]\n"),
      "run.toml:1:13] 'processes' must be a list of texts such as [\"a\", \"b\"]; got a list.");
  EXPECT_EQ(refusal("activation = 2026-01-17\n"),
            "run.toml:1:14] 'activation' must be a text in quotes; got a date or time.");
  EXPECT_EQ(refusal("rank = 0\n"), "run.toml:1:8] 'rank' must be at least 1; got 0.");
}

TEST_F(SettingsTest, RefusesAnotherCommand) {
  EXPECT_EQ(refusal("command = 'stabilize'\n"),
            "run.toml:1:11] this is a configuration of 'thalweg stabilize', and the command is "
            "'thalweg flow'.");
}

TEST_F(SettingsTest, NamesTheCommandOfAForeignFileRatherThanItsKeys) {
  // Keys come in alphabetical order, so this one is met before `command`.
  EXPECT_THAT(refusal("beta1 = 0.9\ncommand = 'recover'\n"),
              HasSubstr("this is a configuration of 'thalweg recover'"));
}

TEST_F(SettingsTest, CountsMayHaveSuffixes) {
  settings_.set("steps", {"10k"});
  EXPECT_EQ(options_.steps, 10000);
}

/// A settings object with the name of a file.
struct FileOptions {
  std::string file;
};

Settings file_settings(FileOptions& options) {
  Settings settings("flow");
  settings.add({.name = "file", .target = &options.file, .help = "a file", .located = path_from});
  return settings;
}

TEST(FileNames, AreRelativeToTheConfiguration) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "here");
  FileOptions options;
  write_text(folder / "here" / "run.toml", "file = '../data/mine.npz'\n");
  file_settings(options).read_toml(folder / "here" / "run.toml");
  EXPECT_EQ(options.file, (folder / "data" / "mine.npz").string());
  for (const std::string unchanged : {"/data/mine.npz", ""}) {
    write_text(folder / "here" / "run.toml", "file = '" + unchanged + "'\n");
    file_settings(options).read_toml(folder / "here" / "run.toml");
    EXPECT_EQ(options.file, unchanged);
  }
}

TEST(FileNames, AreRelativeToHereOnTheCommandLineAndAbsoluteInARun) {
  FileOptions options;
  auto settings = file_settings(options);
  settings.set("file", {"data/../mine.npz"});
  EXPECT_EQ(options.file, "data/../mine.npz");
  EXPECT_THAT(
      settings.to_toml("1"),
      HasSubstr("file = \"" + (std::filesystem::current_path() / "mine.npz").string() + "\""));
  settings.set("file", {""});
  EXPECT_THAT(settings.to_toml("1"), HasSubstr("file = \"\""));
}

TEST_F(SettingsTest, ChecksAlsoWhatTheCommandLineOverrides) {
  settings_.set("steps", {"7"});
  EXPECT_THAT(refusal("steps = -8\n"), HasSubstr("must be at least 0"));
}

TEST_F(SettingsTest, ABadFileChangesNothing) {
  EXPECT_THAT(refusal("exact = true\nlearning-rate = 3.0\nsteps = -1\n"), HasSubstr("steps"));
  EXPECT_FALSE(options_.exact);
  EXPECT_EQ(options_.learning_rate, 0.1);
}

TEST_F(SettingsTest, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(refusal("steps = 1\nsteps = 2\n"), HasSubstr("run.toml:2:"));
  EXPECT_THAT(refusal("steps = \n"), HasSubstr("run.toml:1:"));
  EXPECT_THAT(refusal("steps = 99999999999999999999\n"), HasSubstr("run.toml:1:"));
  EXPECT_THAT(refusal("activation = \"\xFF\"\n"), HasSubstr("run.toml:1:"));
  EXPECT_THAT(refusal(std::string(10000, '[')), HasSubstr("run.toml:1:"));
}

TEST_F(SettingsTest, SurvivesEveryTruncationOfAFile) {
  settings_.set("activation", {"gelu"});
  settings_.set("decay", {"0.5"});
  const std::string whole = settings_.to_toml("0.1.0");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Options options;
    Settings settings = settings_of(options);
    try {
      settings.read_toml(file(whole.substr(0, size)));
    } catch (const BadInput&) {
      EXPECT_LT(size, whole.size());
    }
  }
}

TEST_F(SettingsTest, RefusesAMissingFile) {
  EXPECT_THROW(settings_.read_toml(folder_.path() / "missing.toml"), BadInput);
  EXPECT_THROW(settings_.read_toml(folder_.path()), BadInput);
}

TEST_F(SettingsTest, WritesTheResolvedConfiguration) {
  settings_.set("learning-rate", {"1e-5"});
  settings_.set("rank", {"4"});
  EXPECT_EQ(settings_.to_toml("0.1.0"),
            "command = \"flow\"\n"
            "thalweg = \"0.1.0\"\n"
            "\n# use every eigenvector\nexact = false\n"
            "\n# steps to take\nsteps = 100\n"
            "\n# learning rate\nlearning-rate = 1e-05\n"
            "\n# activation of the hidden layers\nactivation = \"tanh\"\n"
            "\n# what to run\nprocesses = [\"discrete\", \"central\"]\n"
            "\n# decay\n# decay is not set\n"
            "\n# rank\nrank = 4\n");
}

// Every type, with values that a careless writer would lose.
struct Nasty {
  bool flag = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text = {};
  std::vector<std::string> list = {};
  std::optional<double> maybe_number = {};
  std::optional<std::int64_t> maybe_integer = {};
  friend bool operator==(const Nasty&, const Nasty&) = default;
};

Settings settings_of(Nasty& values) {
  Settings settings("flow");
  settings.add({.name = "flag", .target = &values.flag, .help = "f"});
  settings.add({.name = "integer", .target = &values.integer, .help = "i"});
  settings.add({.name = "number", .target = &values.number, .help = "Größe \"x\" # y \\"});
  settings.add({.name = "text", .target = &values.text, .help = "t"});
  settings.add({.name = "list", .target = &values.list, .help = "l"});
  settings.add({.name = "maybe-number", .target = &values.maybe_number, .help = "m"});
  settings.add({.name = "maybe-integer", .target = &values.maybe_integer, .help = "m"});
  return settings;
}

TEST_F(SettingsTest, RoundTripsEveryTypeAndNastyValues) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> numbers = {
      0.0, 1.0, -1e-05, 0.1, 1e22, 1e300, 5e-324, 1.0 / 3.0, 123456789.0, infinity, -infinity};
  std::string controls;
  for (char c = 0; c < 0x20; ++c) controls += c;
  const std::vector<std::string> texts = {"",
                                          "plain",
                                          "quote \" and 'single'",
                                          "\"\"\"",
                                          "back\\slash \\n \\u0041",
                                          "line\nfeed\r\ntab\t",
                                          controls + "\x7F",
                                          "# no comment",
                                          "Größe €😀",
                                          "C:\\runs\\a",
                                          "]",
                                          "a, b"};
  for (const double number : numbers) {
    for (const std::string& text : texts) {
      const Nasty written{true,
                          std::numeric_limits<std::int64_t>::min(),
                          number,
                          text,
                          texts,
                          number,
                          std::numeric_limits<std::int64_t>::max()};
      Nasty source = written;
      Nasty found;
      settings_of(found).read_toml(file(settings_of(source).to_toml("0.1.0")));
      EXPECT_EQ(found, written) << text << number;
    }
  }
}

TEST_F(SettingsTest, RoundTripsNegativeZeroAndWhatIsNotSet) {
  Nasty source{.number = -0.0};
  Nasty found;
  settings_of(found).read_toml(file(settings_of(source).to_toml("0.1.0")));
  EXPECT_TRUE(std::signbit(found.number));
  EXPECT_EQ(found.maybe_number, std::nullopt);
  EXPECT_THAT(found.list, IsEmpty());
}

TEST_F(SettingsTest, RefusesASecondDeclaration) {
  EXPECT_THROW(settings_.add({.name = "steps", .target = &options_.steps, .help = ""}),
               InternalError);
  EXPECT_THROW(settings_.add({.name = "command", .target = &options_.steps, .help = ""}),
               InternalError);
}

}  // namespace
}  // namespace thalweg::run
