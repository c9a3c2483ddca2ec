// `thalweg flow` onto a disk that fills up: one sentence, and only whole files left.

#include <algorithm>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::StartsWith;

/// The run writes config.toml (2 kB), metrics.h5 and checkpoints (tens of kB each) and report.html
/// (200 kB).
constexpr const char* kFlow = THALWEG_PROGRAM
    " flow --data data.npz --examples 0 --dtype float64 --model-option hidden=12 --quiet"
    " --threads 1 --name a --steps 16 --checkpoint-every 7";

std::string name_of(const ::testing::TestParamInfo<int>& kilobytes) {
  return fmt::format("{}kB", kilobytes.param);
}

class FullDisk : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    NdArray x(DType::kFloat64, {60, 10}), y(DType::kFloat64, {60, 1});
    fill_normal(x.as<double>(), Key{1});
    fill_normal(y.as<double>(), Key{2});
    write_npz(path() / "data.npz", {{"x", x}, {"y", y}});
  }

  ProgramResult shell(const std::string& script) const {
    return run_program({"sh", "-c", script}, path());
  }
  fs::path run() const { return path() / "runs" / "a"; }
  const fs::path& path() const { return folder_.path(); }

  static void expect_sentence(const ProgramResult& result, const std::string& remedy) {
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, AllOf(StartsWith("thalweg: [runs/a/"), EndsWith(remedy + "\n")));
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    EXPECT_EQ(result.out, "");
  }

  void expect_whole_files() const {
    if (const auto file = run() / "metrics.h5"; fs::exists(file)) {
      EXPECT_NO_THROW(run::read_metrics(file));
    }
    if (const auto file = run() / "summary.json"; fs::exists(file)) {
      EXPECT_TRUE(nlohmann::json::accept(read_file(file)));
    }
    if (const auto file = run() / "report.html"; fs::exists(file)) {
      EXPECT_THAT(read_file(file), EndsWith("</html>\n"));
    }
    for (const auto& entry : fs::recursive_directory_iterator(run())) {
      EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
      if (entry.path().extension() == ".npz") {
        EXPECT_NO_THROW(read_npz(entry.path()));
      }
    }
  }

  /// What the remedy promises: with room again, the run goes on.
  void expect_run_goes_on() const {
    if (!fs::exists(run() / "config.toml")) return;
    const auto resumed = thalweg({"flow", "--resume", "a", "--quiet"}, path());
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_TRUE(fs::exists(run() / "report.html"));
  }

 private:
  TemporaryFolder folder_;
};

class FileSizeLimit : public FullDisk {};

TEST_P(FileSizeLimit, EndsARunInOneSentenceAndWholeFiles) {
  // POSIX counts in blocks of 512 bytes. The signal ignored, a write beyond the limit fails with
  // EFBIG.
  const auto result =
      shell(fmt::format("trap '' XFSZ; ulimit -f {}; exec {}", 2 * GetParam(), kFlow));
  expect_sentence(result, "choose another file system.");
  expect_whole_files();
  expect_run_goes_on();
}

INSTANTIATE_TEST_SUITE_P(Writes, FileSizeLimit, ::testing::Values(2, 20, 60, 100), name_of);

class SmallDisk : public FullDisk {};

TEST_P(SmallDisk, EndsARunInOneSentenceAndWholeFiles) {
  const auto mount = fmt::format("mount -t tmpfs -o size={}k tmpfs disk", GetParam());
  fs::create_directory(path() / "disk");
  if (shell("unshare -rm " + mount).exit_code != 0)
    GTEST_SKIP() << "no disk of its own can be mounted here";
  fs::create_directory_symlink("disk", path() / "runs");
  // The disk goes with the namespace; what it held is copied over.
  const auto result = shell(
      fmt::format("unshare -rm sh -c '{} && {{ {}; code=$?; cp -r disk/a kept && exit $code; }}'",
                  mount,
                  kFlow));
  fs::remove(path() / "runs");
  fs::create_directory(path() / "runs");
  ASSERT_TRUE(fs::exists(path() / "kept")) << result.err;
  fs::rename(path() / "kept", run());
  expect_sentence(result, "choose a folder on another disk.");
  expect_whole_files();
  expect_run_goes_on();
}

INSTANTIATE_TEST_SUITE_P(Writes, SmallDisk, ::testing::Values(24, 84, 280), name_of);

}  // namespace
}  // namespace thalweg::testing
