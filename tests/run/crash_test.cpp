// A run that is killed at any moment leaves files that read, and other programs read them while it
// runs.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/run/checkpoint.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

using testing::TemporaryFolder;

constexpr int kKills = 12;
constexpr std::int64_t kSaveEvery = 20;  // steps
constexpr const char* kPython = "/usr/bin/python3";

/// A process that works until it is killed.
class Child {
 public:
  explicit Child(const std::function<void()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(1);
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// True if the process was alive until now.
  bool kill() {
    if (pid_ <= 0) return false;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

 private:
  pid_t pid_;
};

/// Element t of a series, so that every row found can be checked.
double value_at(std::int64_t t) { return 1.0 / (1.0 + static_cast<double>(t)); }

void declare_series(Recorder& recorder) {
  recorder.declare("central/loss", "nats", "training loss");
  recorder.declare("central/eigenvalues", "1", "leading eigenvalues", true);
}

void record_step(Recorder& recorder, std::int64_t t) {
  recorder.record("central/loss", t, value_at(t));
  recorder.record("central/eigenvalues", t, std::vector<double>{value_at(t), -value_at(t)});
}

Checkpoint state_before(std::int64_t step) {
  const std::vector<double> weights(1000, value_at(step));
  return {step, {{"weights", NdArray::of<double>(weights, {1000})}}};
}

/// A run as a command writes it: goes on from its last checkpoint, saves as often as it can.
[[noreturn]] void run_for_ever(const fs::path& folder) {
  Recorder recorder(folder / "metrics.h5");
  declare_series(recorder);
  const auto last = load_latest_checkpoint(folder / "checkpoints");
  if (last) recorder.resume(last->step);
  for (std::int64_t t = last ? last->step : 0;; ++t) {
    if (t % kSaveEvery == 0) {
      recorder.write_snapshot();
      save_checkpoint(folder / "checkpoints", state_before(t));
    }
    record_step(recorder, t);
  }
}

void wait_until(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Every row before the checkpoint's step is in the snapshot, with its value. Returns the step.
std::int64_t expect_whole(const fs::path& folder) {
  const auto checkpoint = load_latest_checkpoint(folder / "checkpoints");
  const auto series = read_metrics(folder / "metrics.h5");
  if (!checkpoint) {
    ADD_FAILURE() << "no checkpoint";
    return 0;
  }
  EXPECT_EQ(checkpoint->arrays, state_before(checkpoint->step).arrays);
  const Series& loss = series.at("central/loss");
  const Series& eigenvalues = series.at("central/eigenvalues");
  EXPECT_GE(loss.rows, checkpoint->step);
  EXPECT_EQ(eigenvalues.rows, loss.rows);
  for (std::int64_t t = 0; t < loss.rows; ++t) {
    EXPECT_EQ(loss.at(t), value_at(t));
    EXPECT_EQ(eigenvalues.at(t, 1), -value_at(t));
  }
  return checkpoint->step;
}

/// Rows in the snapshot that is there now; 0 without one.
std::int64_t rows_in(const fs::path& metrics) {
  return fs::exists(metrics) ? read_metrics(metrics).at("central/loss").rows : 0;
}

TEST(KilledRun, LeavesWholeFilesAndGoesOn) {
  const TemporaryFolder folder;
  std::int64_t step = 0;
  for (int i = 0; i < kKills && !HasFailure(); ++i) {
    Child run([&] { run_for_ever(folder.path()); });
    // The snapshot two savings on implies the checkpoint before it: every life makes progress.
    wait_until([&] { return rows_in(folder.path() / "metrics.h5") >= step + 2 * kSaveEvery; });
    const int microseconds = static_cast<int>(100'000 * uniform(Key{7}, i));
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
    ASSERT_TRUE(run.kill()) << "the run ended by itself";
    const std::int64_t found = expect_whole(folder.path());
    EXPECT_GT(found, step);
    step = found;
  }
}

/// Standard output of a Python program, and its exit status.
std::pair<int, std::string> python(const std::string& program) {
  const std::string command = std::string(kPython) + " -c '" + program + "' 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  return {::pclose(pipe), output};
}

TEST(RunningRun, IsReadByH5py) {
  if (python("import h5py").first != 0) GTEST_SKIP() << "h5py is not installed";
  const TemporaryFolder folder;
  const fs::path metrics = folder.path() / "metrics.h5";
  Child run([&] { run_for_ever(folder.path()); });
  wait_until([&] { return rows_in(metrics) >= kSaveEvery; });
  const auto [status, output] = python(
      "import h5py\n"
      "with h5py.File(\"" +
      metrics.string() +
      "\", \"r\") as f:\n"
      "    loss = f[\"central/loss\"]\n"
      "    assert loss.dtype == \"<f8\" and loss.shape[0] >= 20\n"
      "    assert f[\"central/eigenvalues\"].shape == (loss.shape[0], 2)\n"
      "    print(loss[1], loss.attrs[\"unit\"].decode(), loss.attrs[\"description\"].decode())\n");
  EXPECT_TRUE(run.kill()) << "the run ended by itself";
  EXPECT_EQ(output, "0.5 nats training loss\n");
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace thalweg::run
