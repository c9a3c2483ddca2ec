#include "thalweg/run/live.hpp"

#include <csignal>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::run {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// A process that marks a run and waits until it is killed.
class OtherProcess {
 public:
  explicit OtherProcess(const std::filesystem::path& run) {
    int ready[2] = {};
    EXPECT_EQ(pipe(ready), 0);
    child_ = fork();
    if (child_ == 0) {
      const LiveMark mark(run);
      write_byte(ready[1]);
      while (true) pause();
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~OtherProcess() { kill_it(); }

  void kill_it() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  static void write_byte(int descriptor) {
    if (write(descriptor, "x", 1) != 1) _exit(1);
  }
  pid_t child_ = 0;
};

class LiveMarkTest : public ::testing::Test {
 protected:
  TemporaryFolder out_;
  RunFolder run_ = RunFolder::create(out_.path(), "a", false);
};

TEST_F(LiveMarkTest, LastsAsLongAsItsObject) {
  EXPECT_FALSE(is_live(run_.path()));
  auto mark = std::make_unique<LiveMark>(run_.path());
  EXPECT_TRUE(is_live(run_.path()));
  mark.reset();
  EXPECT_FALSE(is_live(run_.path()));
}

TEST_F(LiveMarkTest, IsSeenByOtherProcessesAndGoneAfterKill) {
  OtherProcess other(run_.path());
  EXPECT_TRUE(is_live(run_.path()));
  EXPECT_EQ(describe_run(run_).status, "running");
  other.kill_it();
  EXPECT_FALSE(is_live(run_.path()));
  EXPECT_EQ(describe_run(run_).status, "unfinished");
}

TEST_F(LiveMarkTest, KeepsOthersFromTheRun) {
  const OtherProcess other(run_.path());
  EXPECT_THAT(message_of<BadInput>([&] { LiveMark(run_.path()); }),
              HasSubstr("is going on in another process"));
  EXPECT_THROW(RunFolder::create(out_.path(), "a", true), BadInput);
  EXPECT_THROW(run_.remove(false), BadInput);
  EXPECT_TRUE(std::filesystem::exists(run_.log()));
  run_.remove(true);
  EXPECT_FALSE(std::filesystem::exists(run_.path()));
}

TEST_F(LiveMarkTest, IsNotInTheWayOfARunThatHasNoLogYet) {
  EXPECT_FALSE(is_live(out_.path() / "nowhere"));
}

}  // namespace
}  // namespace thalweg::run
