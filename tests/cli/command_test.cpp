#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Every error is one line on standard error that begins with the program's name.
void expect_sentence(const ProgramResult& result, const std::string& part) {
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, StartsWith("thalweg: "));
  EXPECT_THAT(result.err, HasSubstr(part));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
}

class EveryCommand : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryCommand, ExplainsItselfWithAnExample) {
  const std::string name = GetParam();
  const auto help = thalweg({name, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, StartsWith("thalweg " + name + ": "));
  EXPECT_THAT(help.out, HasSubstr("\nExample:\n  "));
  EXPECT_THAT(help.out, HasSubstr("\nUsage: thalweg " + name));
  EXPECT_THAT(help.err, IsEmpty());
  EXPECT_EQ(thalweg({"help", name}).out, help.out);
}

TEST_P(EveryCommand, IsInTheOverview) {
  EXPECT_THAT(thalweg({}).out, HasSubstr(std::string("\n  ") + GetParam() + " "));
}

INSTANTIATE_TEST_SUITE_P(CommandLine,
                         EveryCommand,
                         ::testing::Values("flow",
                                           "spectrum",
                                           "exponent",
                                           "recover",
                                           "tensorpca",
                                           "list",
                                           "show",
                                           "open",
                                           "report",
                                           "compare",
                                           "export",
                                           "rm",
                                           "help",
                                           "version",
                                           "man",
                                           "completion"),
                         [](const auto& test) { return std::string(test.param); });

TEST(CommandLine, HelpNamesDefaultsChoicesAndSources) {
  const auto help = thalweg({"flow", "-h"}).out;
  EXPECT_THAT(help, HasSubstr("(default 160)"));
  EXPECT_THAT(help, HasSubstr("(mlp, cnn, resnet,"));
  EXPECT_THAT(help, HasSubstr("--no-standardize"));
  EXPECT_THAT(help, HasSubstr("arXiv:2410.24206"));
}

TEST(CommandLine, VersionNamesTheLibraries) {
  const auto version = thalweg({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, StartsWith("thalweg " THALWEG_VERSION "\n"));
  for (const auto* library :
       {"fmt", "spdlog", "HDF5", "CLI11", "nlohmann-json", "toml++", "zlib", "Eigen"}) {
    EXPECT_THAT(version.out, HasSubstr(std::string("\n  ") + library + " ")) << version.out;
  }
  EXPECT_EQ(thalweg({"version"}).out, version.out);
}

TEST(CommandLine, SuggestsTheCommandThatWasMeant) {
  expect_sentence(thalweg({"flwo"}), "has no command 'flwo'. Did you mean 'flow'?");
}

TEST(CommandLine, SuggestsTheOptionThatWasMeant) {
  expect_sentence(thalweg({"flow", "--learning-rat", "0.1"}), "Did you mean '--learning-rate'?");
  expect_sentence(thalweg({"flow", "--learning-rat=0.1"}), "has no option --learning-rat.");
}

TEST(CommandLine, RefusesWhatCannotBeMeant) {
  expect_sentence(thalweg({"flow", "--steps"}), "--steps needs a value");
  expect_sentence(thalweg({"flow", "--steps", "many"}), "'many'");
  expect_sentence(thalweg({"flow", "--steps", "0"}), "[--steps] must be at least 1; got 0");
  expect_sentence(thalweg({"flow", "--learning-rate", "0"}), "[--learning-rate]");
  expect_sentence(thalweg({"flow", "--learning-rate", "--steps", "5"}), "thalweg: ");
  expect_sentence(thalweg({"flow", "--processes", "discrete,cntral"}), "Did you mean 'central'?");
  expect_sentence(thalweg({"flow", "--optimizer", "sgd"}),
                  "must be one of gd, scalar-rmsprop, rmsprop, momentum, adam; got 'sgd'");
  expect_sentence(thalweg({"flow", "--optimizer", "adam", "--processes", "discrete,central"}),
                  "there is no central flow for an optimizer with momentum");
  expect_sentence(thalweg({"flow", "--processes", "ablated"}), "gradient descent has no second moment");
  expect_sentence(thalweg({"flow", "--beta2", "0.9"}), "this is gd");
  expect_sentence(thalweg({"flow", "--optimizer", "rmsprop", "--momentum", "0.9"}), "this is rmsprop");
  expect_sentence(thalweg({"flow", "--quiet=perhaps"}), "[--quiet]");
  expect_sentence(thalweg({"flow", "--no-quiet=true"}), "[--no-quiet] takes no value");
  expect_sentence(thalweg({"flow", "-q=true"}), "[-q] takes no value");
  expect_sentence(thalweg({"flow", "--init", ""}), "[--init] needs a value; got an empty one");
  expect_sentence(thalweg({"show", ""}), "[RUN] needs a value; got an empty one");
  expect_sentence(thalweg({"flow", "--device", "tpu"}),
                  "expected cpu, cuda or cuda:INDEX; got 'tpu'");
  expect_sentence(thalweg({"flow", "--memory", "plenty"}), "plenty");
  expect_sentence(thalweg({"flow", "left", "over"}), "does not know what to do with 'left'");
  expect_sentence(thalweg({"export"}), "needs a RUN: 'thalweg export RUN'.");
  expect_sentence(thalweg({"compare"}), "needs a RUN: 'thalweg compare RUN...'.");
  expect_sentence(thalweg({"compare", "a"}), "needs two runs or more; got only 'a'");
}

TEST(CommandLine, AliasesAreOptions) {
  EXPECT_EQ(thalweg({"-V"}).out, thalweg({"--version"}).out);
  EXPECT_EQ(thalweg({"help"}).out, thalweg({}).out);
  expect_sentence(thalweg({"flow", "--lr", "0"}), "[--learning-rate] must be above 0");
  expect_sentence(thalweg({"show", "-o", "nowhere", "a"}), "[nowhere/a] there is no such run");
  expect_sentence(thalweg({"show", "-onowhere", "a"}), "[nowhere/a] there is no such run");
  expect_sentence(thalweg({"show", "-o=nowhere", "a"}), "[nowhere/a] there is no such run");
  EXPECT_THAT(thalweg({"flow", "--help"}).out, HasSubstr("  -q, --quiet "));
}

TEST(CommandLine, CountsMayHaveSuffixes) {
  expect_sentence(thalweg({"flow", "--outputs", "2k", "--steps", "1.0001k"}),
                  "[--steps] expected a whole number; got '1.0001k'");
  expect_sentence(thalweg({"flow", "--steps", "k"}), "'k'");
}

/// Every spelling of the options of a command, from lines of its help like "  -o, --out DIR  ...".
std::vector<std::string> spellings(const std::string& command) {
  std::vector<std::string> found;
  std::istringstream help(thalweg({command, "--help"}).out);
  for (std::string line; std::getline(help, line);) {
    if (!line.starts_with("  -")) continue;
    for (const auto& spelling : split(line.substr(0, line.find("  ", 2)), ','))
      if (spelling.starts_with("-")) found.push_back(spelling.substr(0, spelling.find(' ')));
  }
  return found;
}

TEST_P(EveryCommand, RefusesAnEmptyValueAndTakesNoOtherWordForIt) {
  const std::string command = GetParam();
  for (const auto& option : spellings(command)) {
    if (option == "--help" || option == "-h" || option.starts_with("--no-")) continue;
    expect_sentence(thalweg({command, option + "=", "--json"}), "needs a value; got an empty one");
  }
}

TEST(CommandLine, RefusesSettingsThatExcludeEachOther) {
  expect_sentence(thalweg({"flow", "--loss", "model"}), "needs --torchscript");
  expect_sentence(thalweg({"flow", "--data", "none"}), "needs --loss model");
  expect_sentence(thalweg({"flow", "--train-mode"}), "[--train-mode]");
  expect_sentence(thalweg({"flow", "--model", "cnn", "--torchscript", "a.pt"}), "only one of them");
  expect_sentence(thalweg({"flow", "--model-option", "wide"}), "expected KEY=VALUE; got 'wide'");
}

TEST(CommandLine, RefusesFilesThatAreNotThere) {
  expect_sentence(thalweg({"flow", "--torchscript", "no.pt"}), "there is no file 'no.pt'");
  expect_sentence(thalweg({"flow", "--init", "no.npz"}), "there is no file 'no.npz'");
  expect_sentence(thalweg({"flow", "--data", "no.npz"}), "there is no file 'no.npz'");
  expect_sentence(thalweg({"flow", "--data", "cifar10:no"}), "there is no folder 'no'");
  expect_sentence(thalweg({"flow", "--data", "mnist"}), "got 'mnist'");
  expect_sentence(thalweg({"flow", "--config", "no.toml"}), "no.toml");
}

TEST(CommandLine, SaysSoWhenStandardOutputIsFull) {
  const auto full = run_program({"sh", "-c", THALWEG_PROGRAM " man > /dev/full"}, "/");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left on device"));
}

TEST(FrontProgram, LoadsNoLibtorch) {
  const auto libraries = run_program({"ldd", THALWEG_PROGRAM}, "/");
  ASSERT_EQ(libraries.exit_code, 0);
  EXPECT_THAT(libraries.out, ::testing::Not(HasSubstr("libtorch")));
  EXPECT_THAT(libraries.out, ::testing::Not(HasSubstr("libc10")));
}

// Loading libtorch alone takes 700 ms. The fastest of five, so that a busy machine does not matter.
TEST(FrontProgram, StartsWithinMilliseconds) {
  double fastest = 1;
  for (int i = 0; i < 5; ++i) fastest = std::min(fastest, thalweg({"--version"}).seconds);
  EXPECT_LT(fastest, 0.2);
}

}  // namespace
}  // namespace thalweg::testing
