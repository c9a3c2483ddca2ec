#include "thalweg/base/log.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg {
namespace {

using testing::TemporaryFolder;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override {
    set_log_quiet(false);
    set_log_file("");
  }
  TemporaryFolder folder_;
};

std::string stderr_of(const std::function<void()>& action) {
  ::testing::internal::CaptureStderr();
  action();
  return ::testing::internal::GetCapturedStderr();
}

TEST_F(LogTest, PrintsPlainSentences) {
  EXPECT_EQ(stderr_of([] {
              log_info("Wrote {} as it is.");
              log_warning("No BLAS.");
              log(LogLevel::kError, "It failed.");
            }),
            "Wrote {} as it is.\nwarning: No BLAS.\nerror: It failed.\n");
}

TEST_F(LogTest, QuietKeepsWarningsAndErrors) {
  set_log_quiet(true);
  EXPECT_EQ(stderr_of([] {
              log_info("Progress.");
              log_warning("No BLAS.");
            }),
            "warning: No BLAS.\n");
}

TEST_F(LogTest, AppendsToTheFileWithTimeAndLevel) {
  const auto file = folder_ / "log.txt";
  write_atomically(file, "before\n");
  set_log_file(file);
  set_log_quiet(true);
  (void)stderr_of([] {
    log_info("One.");
    log_warning("Two.");
  });
  // Flushed: the file is read while the log holds it.
  const std::string stamp = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} UTC ";
  EXPECT_THAT(
      read_file(file),
      ::testing::MatchesRegex("before\n" + stamp + "info: One\\.\n" + stamp + "warning: Two\\.\n"));
  set_log_file("");
  (void)stderr_of([] { log_warning("Three."); });
  EXPECT_THAT(read_file(file), ::testing::Not(::testing::HasSubstr("Three")));
}

TEST_F(LogTest, KeepsLinesWholeAcrossThreads) {
  const auto file = folder_ / "log.txt";
  set_log_file(file);
  constexpr int kThreads = 4;
  constexpr int kMessages = 200;
  const std::string printed = stderr_of([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < kMessages; ++i) {
          log_info("a message of some length");
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  });
  auto lines = split(printed, '\n');
  lines.pop_back();  // after the last newline
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(kThreads * kMessages));
  EXPECT_THAT(lines, ::testing::Each("a message of some length"));
  auto file_lines = split(read_file(file), '\n');
  file_lines.pop_back();
  EXPECT_EQ(file_lines.size(), lines.size());
  EXPECT_THAT(file_lines,
              ::testing::Each(::testing::EndsWith(" UTC info: a message of some length")));
}

TEST_F(LogTest, RefusesAFileThatCannotBeOpened) {
  EXPECT_THAT([&] { set_log_file(folder_.path()); },
              ::testing::ThrowsMessage<RunFailed>(::testing::HasSubstr("log cannot be opened")));
}

}  // namespace
}  // namespace thalweg
