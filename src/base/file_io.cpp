#include "base/file_io.hpp"

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

std::string_view remedy(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "Free some space there or choose a folder on another disk.";
    case EFBIG:
      return "Raise the limit on file sizes (ulimit -f) or choose another file system.";
    case EACCES:
    case EPERM:
      return "Check the permissions of the file and its folder or choose another folder.";
    case EROFS:
      return "Choose a folder that can be written.";
    case ENOENT:
      return "Check the path; its folder must exist.";
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
      return "Check the path.";
    case EMFILE:
    case ENFILE:
      return "Close other files or raise the limit on open files (ulimit -n).";
    default:
      return "Check the disk and the path.";
  }
}

int open_retrying(const std::filesystem::path& file, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(file.c_str(), flags | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

}  // namespace

std::string system_reason(int error_number) {
  return fmt::format("{}. {}", std::generic_category().message(error_number), remedy(error_number));
}

std::string printable(std::string name) {
  constexpr std::size_t kLongest = 200;
  if (name.size() > kLongest) name.resize(kLongest);
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return name;
}

FileDescriptor::~FileDescriptor() { close(); }

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

bool FileDescriptor::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  // Linux frees the descriptor even when close is interrupted, so that is no failure.
  return descriptor < 0 || ::close(descriptor) == 0 || errno == EINTR;
}

OutputFile::OutputFile(const std::filesystem::path& file, const std::filesystem::path& shown)
    : shown_(shown.string()), descriptor_(open_retrying(file, O_WRONLY | O_CREAT | O_TRUNC)) {
  if (descriptor_.get() < 0) {
    throw RunFailed(shown_, "cannot be created: " + system_reason(errno));
  }
}

void OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      throw RunFailed(
          shown_,
          fmt::format("cannot be written after {} bytes: {}", offset_, system_reason(errno)));
    }
    offset_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void OutputFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void OutputFile::close() {
  if (!descriptor_.close()) {
    throw RunFailed(shown_, "cannot be written: " + system_reason(errno));
  }
}

InputFile::InputFile(const std::filesystem::path& file)
    : name_(file.string()), descriptor_(open_retrying(file, O_RDONLY)) {
  if (descriptor_.get() < 0) {
    throw BadInput(name_, "cannot be opened: " + system_reason(errno));
  }
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) {
    throw BadInput(name_, "cannot be read: " + system_reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw BadInput(name_, "is not a regular file. Name a file on disk.");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t count =
        ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw BadInput(name_, "cannot be read: " + system_reason(errno));
    }
    if (count == 0) {
      throw BadInput(name_, "became shorter while it was read. Is another program writing it?");
    }
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace thalweg
