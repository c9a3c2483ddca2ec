#include "thalweg/base/files.hpp"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/file_io.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::TemporaryFolder;

std::size_t files_in(const TemporaryFolder& folder) {
  const std::filesystem::directory_iterator files(folder.path());
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(WriteAtomically, CreatesAndReplaces) {
  const TemporaryFolder folder;
  const auto file = folder / "summary.json";
  write_atomically(file, "first");
  EXPECT_EQ(read_file(file), "first");
  const std::string binary("\0\xff\n", 3);
  write_atomically(file, binary);
  EXPECT_EQ(read_file(file), binary);
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(WriteAtomically, FillsATemporaryInTheSameFolder) {
  const TemporaryFolder folder;
  const auto file = folder / "metrics.h5";
  write_atomically(file, [&](const std::filesystem::path& temporary) {
    EXPECT_EQ(temporary.parent_path(), folder.path());
    EXPECT_THAT(temporary.filename().string(), ::testing::StartsWith(".metrics.h5.tmp-"));
    std::ofstream(temporary) << "content";
    EXPECT_FALSE(std::filesystem::exists(file));
  });
  EXPECT_EQ(read_file(file), "content");
}

TEST(WriteAtomically, KeepsTheOldFileWhenTheWriterFails) {
  const TemporaryFolder folder;
  const auto file = folder / "state.npz";
  write_atomically(file, "old");
  const auto failing = [](const std::filesystem::path& temporary) {
    std::ofstream(temporary) << "half";
    throw NonFinite("test", "no luck.");
  };
  EXPECT_THROW(write_atomically(file, failing), NonFinite);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(WriteAtomically, WritesIntoTheWorkingFolder) {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_atomically("plain.txt", "here");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_file(folder / "plain.txt"), "here");
}

TEST(WriteAtomically, NamesFileReasonAndRemedy) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { write_atomically(folder / "missing/a.txt", "x"); },
              ThrowsMessage<RunFailed>(AllOf(HasSubstr("missing/a.txt]"),
                                             HasSubstr("No such file or directory"),
                                             HasSubstr("its folder must exist"))));
  std::filesystem::create_directory(folder / "taken");
  EXPECT_THAT([&] { write_atomically(folder / "taken", "x"); },
              ThrowsMessage<RunFailed>(HasSubstr("cannot be replaced: Is a directory")));
  EXPECT_EQ(files_in(folder), 1U);
}

// The limit stops the write half-way, as a full disk does. In a process of its own: the limit
// stays.
TEST(WriteAtomicallyDeathTest, KeepsTheOldFileWhenTheDiskStopsTheWrite) {
  const TemporaryFolder folder;
  const auto file = folder / "big.bin";
  write_atomically(file, "old");
  const auto write_beyond_limit = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_atomically(file, std::string(10'000, 'x'));
    } catch (const RunFailed& error) {
      std::fputs(error.what(), stderr);
      std::_Exit(3);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(write_beyond_limit(),
              ::testing::ExitedWithCode(3),
              "big.bin\\] cannot be written after 4096 bytes: File too large. Raise the limit");
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(OutputFile, SaysWhenTheDiskIsFull) {
  OutputFile full("/dev/full", "runs/a/metrics.h5");
  EXPECT_THAT([&] { full.write("x"); },
              ThrowsMessage<RunFailed>(AllOf(HasSubstr("[runs/a/metrics.h5]"),
                                             HasSubstr("No space left on device. Free some"))));
}

TEST(ReadFile, RefusesWhatItCannotRead) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { read_file(folder / "none"); },
              ThrowsMessage<BadInput>(HasSubstr("none] cannot be opened: No such file")));
  EXPECT_THAT([&] { read_file(folder.path()); },
              ThrowsMessage<BadInput>(HasSubstr("not a regular file")));
  write_atomically(folder / "five", "12345");
  EXPECT_EQ(read_file(folder / "five", 5), "12345");
  EXPECT_THAT([&] { read_file(folder / "five", 4); },
              ThrowsMessage<BadInput>(HasSubstr("has 5 bytes; at most 4")));
}

TEST(ReadFile, ReadsAnEmptyFile) {
  const TemporaryFolder folder;
  write_atomically(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
}

}  // namespace
}  // namespace thalweg
