// Every command line of the documents and of --help is run as a reader would type it, with smaller
// sizes, in a folder that has the files it names.

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "documents/command_lines.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

/// Options that make a command small: added where the line does not have them, or, with `always`,
/// in place of the line's own. Of several that fit, the last counts.
struct Smaller {
  std::string_view part;  ///< of the lines it is for
  std::string option, value;
  bool always = false;
};

const std::vector<Smaller>& smaller_sizes() {
  static const std::vector<Smaller> sizes = {
      {"thalweg flow", "--examples", "40"},
      {"thalweg flow", "--steps", "3", true},
      {"--model resnet", "--examples", "4", true},
      {"--model resnet", "--model-option", "width=4"},
      {"--model resnet", "--model-option", "stages=1,1"},
      {"--model resnet", "--steps", "1", true},
      {"--model lstm", "--examples", "4", true},
      {"--model lstm", "--model-option", "hidden=8"},
      {"--model lstm", "--steps", "1", true},
      {"preset=paper", "--examples", "10", true},
      {"valley.pt", "--steps", "600", true},
      {"--resume", "--steps", "5", true},
      {"thalweg spectrum", "--examples", "40"},
      {"thalweg spectrum", "--probes", "2"},
      {"thalweg recover", "--seeds", "2", true},
      {"thalweg recover", "--dimension", "8,16", true},
      {"T4 --samples", "--dimension", "8", true},
      {"thalweg tensorpca", "--seeds", "2", true},
      {"thalweg tensorpca", "--dimension", "5,7", true},
  };
  return sizes;
}

/// Lines that fail here, each with the reason. One that runs after all does not belong here.
struct Exception {
  std::string_view line, reason;
};
const std::vector<Exception>& exceptions() {
  static const std::vector<Exception> lines = {};
  return lines;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string in_small(const std::string& line) {
  const auto pipe = line.find(" | ");
  std::string command = line.substr(0, pipe);
  for (const Smaller& smaller : smaller_sizes()) {
    if (!contains(line, smaller.part)) continue;
    if (contains(line, "--resume") && smaller.option == "--examples") continue;
    const bool is_list = smaller.option == "--model-option";
    if (!smaller.always && !is_list && contains(line, smaller.option + " ")) continue;
    command += " " + smaller.option + " " + smaller.value;
  }
  return pipe == std::string::npos ? command : command + line.substr(pipe);
}

/// A folder with the files and the runs that the documents name, which lines may use up.
class DocumentFolder {
 public:
  DocumentFolder() {
    fs::create_directory(folder_ / "bin");
    fs::create_symlink(THALWEG_PROGRAM, folder_ / "bin/thalweg");
    write_atomically(folder_ / "bin/xdg-open", "#!/bin/sh\nexit 0\n");  // a desktop's browser
    fs::permissions(folder_ / "bin/xdg-open", fs::perms::owner_all);
    EXPECT_EQ(run_program({THALWEG_TEST_FILES}, folder_.path()).exit_code, 0);
    const auto made = typed("thalweg flow --name made --examples 20 --test-examples 0 --steps 3 -q");
    EXPECT_EQ(made.exit_code, 0) << made.err;
    fs::rename(folder_ / "runs/made", folder_ / "made");
    fs::copy_file(folder_ / "made/checkpoints/step-000000003.npz",
                  folder_ / "made/checkpoints/step-000000120.npz");
  }

  ProgramResult run(const std::string& line) {
    provide_runs();
    return typed(line);
  }

 private:
  void provide_runs() {
    for (const auto* name : {"flow-20260117-142530", "flow-20260117-150211", "a", "b", "NAME"}) {
      const auto run = folder_ / "runs" / name;
      fs::create_directories(run.parent_path());
      fs::copy(folder_ / "made", run, fs::copy_options::recursive | fs::copy_options::skip_existing);
    }
  }

  ProgramResult typed(const std::string& line) const {
    return run_program({"bash", "-c", "set -o pipefail; PATH=$PWD/bin:$PATH; " + line},
                       folder_.path());
  }

  TemporaryFolder folder_;
};

class Document : public ::testing::TestWithParam<fs::path> {};

TEST_P(Document, HasOnlyCommandLinesThatRun) {
  const auto lines = command_lines(read_file(GetParam()));
  if (lines.empty()) GTEST_SKIP() << "no command lines";
  DocumentFolder folder;
  for (const auto& line : lines) {
    const auto result = folder.run(in_small(line.text));
    const auto exception = std::ranges::find(exceptions(), line.text, &Exception::line);
    const bool excepted = exception != exceptions().end();
    EXPECT_EQ(result.exit_code != 0, excepted)
        << GetParam().filename().string() << ":" << line.line << ": " << in_small(line.text) << "\n"
        << (excepted ? "It runs: remove it from the exceptions, " : "")
        << (excepted ? std::string(exception->reason) : result.err);
  }
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return info.param.parent_path().filename().string() + "_" + name;
}

INSTANTIATE_TEST_SUITE_P(Project,
                         Document,
                         ::testing::ValuesIn(documents(THALWEG_PROJECT)),
                         name_of);

/// The names of the commands, from the overview.
std::vector<std::string> commands() {
  std::vector<std::string> names;
  std::istringstream lines(thalweg({}).out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ")) names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

TEST(Help, HasOnlyExamplesThatRun) {
  DocumentFolder folder;
  for (const auto& name : commands()) {
    const std::string help = thalweg({name, "--help"}).out;
    const std::string heading = "\nExample:\n  ";
    const auto begin = help.find(heading) + heading.size();
    const std::string line = help.substr(begin, help.find('\n', begin) - begin);
    if (line.starts_with("source ")) continue;  // of a shell that is not this one
    const auto result = folder.run(in_small(line) + (name == "rm" ? " --yes" : ""));
    EXPECT_EQ(result.exit_code, 0) << in_small(line) << "\n" << result.err;
  }
}

TEST(Documents, NeedEverySizeAndExceptionOfThisTest) {
  std::vector<std::string> lines;
  for (const auto& document : documents(THALWEG_PROJECT))
    for (const auto& line : command_lines(read_file(document))) lines.push_back(line.text);
  EXPECT_GT(lines.size(), 40U);
  for (const Smaller& smaller : smaller_sizes()) {
    EXPECT_TRUE(std::ranges::any_of(lines, [&](const auto& l) { return contains(l, smaller.part); }))
        << smaller.part;
  }
  for (const Exception& exception : exceptions())
    EXPECT_EQ(std::ranges::count(lines, exception.line), 1) << exception.line;
}

TEST(CommandLines, AreThoseOfCodeBlocks) {
  const auto lines = command_lines(
      "thalweg in prose\n"
      "    thalweg list\n"
      "- `thalweg show`\n"
      "```sh\n"
      "./thalweg flow \\\n"
      "  --steps 3\n"
      "ls\n"
      "```\n"
      "thalweg after\n");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text, "thalweg list");
  EXPECT_EQ(lines[1].text, "thalweg flow  --steps 3");
  EXPECT_EQ(lines[1].line, 5);
}

}  // namespace
}  // namespace thalweg::testing
