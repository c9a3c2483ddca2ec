#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"

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
}

TEST(BashCompletion, KnowsTheRuns) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "runs" / "flow-1");
  EXPECT_EQ(bash_offers("thalweg export fl", folder.path().string()), "flow-1\n");
  EXPECT_EQ(bash_offers("thalweg compare other fl", folder.path().string()), "flow-1\n");
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
