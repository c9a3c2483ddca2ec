#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What bash offers behind the last of `words`.
std::string bash_offers(const std::string& words, const std::string& folder = "/") {
  const auto script =
      "source <(" THALWEG_PROGRAM " completion bash); COMP_WORDS=(" + words +
      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _thalweg; echo \"${COMPREPLY[@]}\"";
  return run_program({"bash", "-c", script}, folder).out;
}

TEST(BashCompletion, KnowsCommandsOptionsAndChoices) {
  EXPECT_EQ(bash_offers("thalweg sp"), "spectrum\n");
  EXPECT_EQ(bash_offers("thalweg flow --lear"), "--learning-rate\n");
  EXPECT_EQ(bash_offers("thalweg flow --no-s"), "--no-standardize\n");
  EXPECT_EQ(bash_offers("thalweg flow --dtype ''"), "float32 float64\n");
  EXPECT_EQ(bash_offers("thalweg completion z"), "zsh\n");
  EXPECT_EQ(bash_offers("thalweg flow --processes discrete,mid"), "discrete,midpoint\n");
}

TEST(BashCompletion, KnowsTheRuns) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "runs" / "flow-1");
  EXPECT_EQ(bash_offers("thalweg export fl", folder.path().string()), "flow-1\n");
  EXPECT_EQ(bash_offers("thalweg compare other fl", folder.path().string()), "flow-1\n");
  // Where --out says, in the three words that bash makes of --out=/TMP too.
  const auto out = (folder.path() / "runs").string();
  EXPECT_EQ(bash_offers("thalweg show -o " + out + " fl"), "flow-1\n");
  EXPECT_EQ(bash_offers("thalweg show --out = " + out + " fl"), "flow-1\n");
}

TEST(BashCompletion, KnowsSourcesOfDataAndAliases) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sounds");
  EXPECT_EQ(bash_offers("thalweg flow --data so", folder.path().string()), "sounds sorting\n");
  EXPECT_EQ(bash_offers("thalweg flow -o /pro"), "/proc\n");
  EXPECT_EQ(bash_offers("thalweg flow --dtype ="), "float32 float64\n");
}

/// A folder with one run and the script of a shell.
class InteractiveShell : public ::testing::Test {
 protected:
  void install(const std::string& shell, const std::string& file) {
    if (!is_installed(shell)) GTEST_SKIP() << shell << " is not installed";
    std::filesystem::create_directories(folder_ / "runs" / "flow-1");
    write_atomically(folder_ / file, thalweg({"completion", shell}).out);
  }
  ProgramResult run(const std::vector<std::string>& words) const {
    return run_program(words, folder_.path());
  }

 private:
  TemporaryFolder folder_;
};

/// zsh at a terminal of its own, where a user types words, TAB and RETURN.
class ZshCompletion : public InteractiveShell {
 protected:
  void SetUp() override { install("zsh", "_thalweg"); }

  /// What `thalweg` is then called with; `load` is what ~/.zshrc says.
  std::string typed(const std::string& words,
                    const std::string& load = "fpath=($PWD $fpath); compinit -u -D") const {
    const char* script = R"(
      zmodload zsh/zpty
      zpty terminal zsh -f -i
      zpty -w terminal "PS1=; autoload -Uz compinit; $1"
      zpty -w terminal 'thalweg() { print -r -- "$@" > line; exit }; print rea""dy'
      zpty -r terminal seen '*ready*'
      zpty -n -w terminal "$2"$'\t\n'
      while zpty -r terminal seen; do :; done
      cat line)";
    return run({"zsh", "-f", "-c", script, "zsh", load, words}).out;
  }
};

TEST_F(ZshCompletion, KnowsCommandsOptionsChoicesAndRuns) {
  EXPECT_EQ(typed("thalweg sp"), "spectrum\n");
  EXPECT_EQ(typed("thalweg flow --lear"), "flow --learning-rate\n");
  EXPECT_EQ(typed("thalweg flow --optimizer g"), "flow --optimizer gd\n");
  EXPECT_EQ(typed("thalweg flow --processes discrete,mid"), "flow --processes discrete,midpoint\n");
  EXPECT_EQ(typed("thalweg export fl"), "export flow-1\n");
  EXPECT_EQ(typed("thalweg show -o ./runs fl"), "show -o ./runs flow-1\n");
  EXPECT_EQ(typed("thalweg flow --data so"), "flow --data sorting\n");
}

TEST_F(ZshCompletion, MayBeSourcedInstead) {
  EXPECT_EQ(typed("thalweg flow --lear", "compinit -u -D; source ./_thalweg"),
            "flow --learning-rate\n");
}

class FishCompletion : public InteractiveShell {
 protected:
  void SetUp() override { install("fish", "thalweg.fish"); }

  /// The words that fish offers, without their descriptions.
  std::string offers(const std::string& words) const {
    return run({"fish",
                "--no-config",
                "-c",
                "source thalweg.fish; complete -C '" + words + "' | string replace -r '\\t.*' ''"})
        .out;
  }
};

TEST_F(FishCompletion, KnowsCommandsOptionsChoicesAndRuns) {
  EXPECT_EQ(offers("thalweg sp"), "spectrum\n");
  EXPECT_EQ(offers("thalweg flow --lear"), "--learning-rate\n");
  EXPECT_EQ(offers("thalweg flow --optimizer "), "adam\ngd\nmomentum\nrmsprop\nscalar-rmsprop\n");
  EXPECT_EQ(offers("thalweg flow --processes mid"), "midpoint\n");
  EXPECT_EQ(offers("thalweg export fl"), "flow-1\n");
  EXPECT_EQ(offers("thalweg show -o ./runs fl"), "flow-1\n");
  EXPECT_EQ(offers("thalweg flow --data so"), "sorting\n");
}

class Completion : public ::testing::TestWithParam<const char*> {};

TEST_P(Completion, IsAScriptOfItsShell) {
  const std::string shell = GetParam();
  if (!is_installed(shell)) GTEST_SKIP() << shell << " is not installed";
  const auto checked = run_program(
      {"sh", "-c", THALWEG_PROGRAM " completion " + shell + " > script && " + shell + " -n script"},
      TemporaryFolder().path());
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

INSTANTIATE_TEST_SUITE_P(Shells,
                         Completion,
                         ::testing::Values("bash", "zsh", "fish"),
                         [](const auto& test) { return std::string(test.param); });

TEST(ManPage, RendersWithoutWarnings) {
  if (!is_installed("groff")) GTEST_SKIP() << "groff is not installed";
  const auto page = run_program({"sh", "-c", THALWEG_PROGRAM " man | groff -ww -man -Tutf8"}, "/");
  EXPECT_EQ(page.exit_code, 0);
  EXPECT_THAT(page.err, IsEmpty());
  EXPECT_THAT(page.out, HasSubstr("learning-rate"));
  EXPECT_THAT(page.out, HasSubstr("Put several runs on one page"));
}

}  // namespace
}  // namespace thalweg::testing
