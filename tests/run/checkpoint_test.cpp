#include "thalweg/run/checkpoint.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    set_log_quiet(true);
    set_log_file(log());
  }
  void TearDown() override {
    set_log_file("");
    set_log_quiet(false);
  }

  /// Arrays that tell one step from another.
  static Checkpoint state(std::int64_t step) {
    const std::vector<double> weights = {0.5 * static_cast<double>(step), -1.0, 3.0};
    return {step,
            {{"weights", NdArray::of<double>(weights, {3})}, {"name", NdArray::text("adam")}}};
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::int64_t latest() const {
    const auto found = load_latest_checkpoint(folder());
    return found ? found->step : -1;
  }
  fs::path folder() const { return temporary_.path() / "checkpoints"; }
  fs::path log() const { return temporary_.path() / "log.txt"; }

 private:
  TemporaryFolder temporary_;
};

TEST_F(CheckpointTest, RoundTripsStateBitForBit) {
  save_checkpoint(folder(), state(120));
  const auto found = load_latest_checkpoint(folder());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 120);
  EXPECT_EQ(found->arrays, state(120).arrays);
  EXPECT_THAT(files(), ElementsAre("step-000000120.npz"));
}

TEST_F(CheckpointTest, TheStepIsReadableAsAnArray) {
  save_checkpoint(folder(), state(7));
  const auto arrays = read_npz(folder() / "step-000000007.npz");
  EXPECT_EQ(arrays.at("checkpoint.step"), NdArray::scalar<std::int64_t>(7));
}

TEST_F(CheckpointTest, KeepsTheNewest) {
  for (const std::int64_t step : {0, 10, 20, 999999999, 1000000000}) {
    save_checkpoint(folder(), state(step));
  }
  EXPECT_THAT(files(), ElementsAre("step-1000000000.npz", "step-999999999.npz"));
  EXPECT_EQ(latest(), 1000000000);
  save_checkpoint(folder(), state(2000000000), 1);
  EXPECT_THAT(files(), ElementsAre("step-2000000000.npz"));
}

TEST_F(CheckpointTest, GoingBackRemovesLaterSteps) {
  for (const std::int64_t step : {10, 20, 30}) save_checkpoint(folder(), state(step), 3);
  write_text(folder() / "step-000000030.npz", "damaged");
  EXPECT_EQ(latest(), 20);
  save_checkpoint(folder(), state(25), 1);
  EXPECT_THAT(files(), ElementsAre("step-000000025.npz"));
}

TEST_F(CheckpointTest, PassesOverDamagedOnesWithAWarning) {
  save_checkpoint(folder(), state(10));
  save_checkpoint(folder(), state(20));
  const fs::path newest = folder() / "step-000000020.npz";
  const std::string whole = read_text(newest);
  for (std::size_t size = 0; size < whole.size(); size += 29) {
    write_text(newest, whole.substr(0, size));
    ASSERT_EQ(latest(), 10) << size;
  }
  EXPECT_THAT(read_text(log()), HasSubstr("step-000000020.npz"));
}

TEST_F(CheckpointTest, PassesOverAFlippedByte) {
  save_checkpoint(folder(), state(10));
  save_checkpoint(folder(), state(20));
  const fs::path newest = folder() / "step-000000020.npz";
  std::string bytes = read_text(newest);
  const std::size_t value = bytes.find("adam");
  ASSERT_NE(value, std::string::npos);
  bytes[value] = 'A';
  write_text(newest, bytes);
  EXPECT_EQ(latest(), 10);
}

TEST_F(CheckpointTest, PassesOverAFileOfAnotherStep) {
  save_checkpoint(folder(), state(10));
  fs::copy_file(folder() / "step-000000010.npz", folder() / "step-000000099.npz");
  write_npz(folder() / "step-000000050.npz", state(50).arrays);
  EXPECT_EQ(latest(), 10);
}

TEST_F(CheckpointTest, NothingIsNoError) {
  EXPECT_EQ(latest(), -1);
  save_checkpoint(folder(), state(10));
  write_text(folder() / "step-000000010.npz", "");
  EXPECT_EQ(latest(), -1);
}

TEST_F(CheckpointTest, CleansWhatAKilledProcessLeft) {
  fs::create_directories(folder());
  write_text(folder() / ".step-000000005.npz.tmp-4242", "half");
  write_text(folder() / "notes.txt", "of the user");
  save_checkpoint(folder(), state(10));
  EXPECT_THAT(files(), ElementsAre("notes.txt", "step-000000010.npz"));
}

TEST_F(CheckpointTest, RefusesWhatItCannotKeep) {
  Checkpoint reserved = state(1);
  reserved.arrays.emplace("checkpoint.step", NdArray::scalar<std::int64_t>(2));
  EXPECT_THROW(save_checkpoint(folder(), reserved), InvalidArgument);
  EXPECT_THROW(save_checkpoint(folder(), state(-1)), InvalidArgument);
  EXPECT_THROW(save_checkpoint(folder(), state(1), 0), InvalidArgument);
}

TEST_F(CheckpointTest, SaysWhenTheFolderCannotBeCreated) {
  write_text(folder(), "a file");
  EXPECT_THROW(save_checkpoint(folder(), state(1)), RunFailed);
}

}  // namespace
}  // namespace thalweg::run
