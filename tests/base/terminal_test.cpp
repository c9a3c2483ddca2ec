#include "base/terminal.hpp"

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include "thalweg/base/log.hpp"
#include "thalweg/base/progress.hpp"

namespace thalweg {
namespace {

using testing::HasSubstr;

// Puts a terminal of 40 columns in place of standard error for the length of a test.
class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TERM", "xterm", 1);
    const winsize size{24, 40, 0, 0};
    int slave = -1;
    if (openpty(&master_, &slave, nullptr, nullptr, &size) != 0) {
      GTEST_SKIP() << "this machine lends no pseudo-terminal";
    }
    saved_stderr_ = dup(STDERR_FILENO);
    dup2(slave, STDERR_FILENO);
    close(slave);
  }

  void TearDown() override {
    if (master_ >= 0) {
      restore_stderr();
      close(master_);
    }
  }

  // What was written so far; the terminal turns "\n" into "\r\n".
  std::string output() {
    fcntl(master_, F_SETFL, O_NONBLOCK);
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = read(master_, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  void restore_stderr() {
    dup2(saved_stderr_, STDERR_FILENO);
    close(saved_stderr_);
  }

  int master_ = -1;
  int saved_stderr_ = -1;
};

TEST_F(TerminalTest, MessageClearsTheLineAndDrawsItAgain) {
  terminal::draw("steps 1/10");
  log_warning("The loss jumped.");
  terminal::keep_line();
  log_info("Done.");
  EXPECT_EQ(output(),
            "\r\033[Ksteps 1/10"
            "\r\033[Kwarning: The loss jumped.\r\nsteps 1/10"
            "\r\nDone.\r\n");
}

TEST_F(TerminalTest, LineIsCutToTheWidthBetweenCharacters) {
  std::string wide;
  for (int i = 0; i < 50; ++i) {
    wide += "ä";
  }
  terminal::draw(wide);
  terminal::keep_line();
  EXPECT_EQ(output(), "\r\033[K" + wide.substr(0, 2 * 39) + "\r\n");
}

TEST_F(TerminalTest, ProgressRedrawsOneLineWithRateAndTimeLeft) {
  Progress progress("steps", 100);
  for (int i = 1; i <= 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.update(i);
    progress.update(i);  // too soon to be drawn
  }
  const std::string drawn = output();
  EXPECT_THAT(drawn, HasSubstr("\r\033[Ksteps 3/100 (3%), "));
  EXPECT_THAT(drawn, HasSubstr(" steps/s, "));
  EXPECT_THAT(drawn, testing::Not(HasSubstr("\n")));
  progress.finish();
  EXPECT_THAT(output(), testing::MatchesRegex("\r\033\\[Ksteps 3/100 in 0\\.[0-9] s\r\n"));
}

}  // namespace
}  // namespace thalweg
