#include "thalweg/base/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file_io.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

namespace fs = std::filesystem;

// Removes the temporary unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    std::error_code ignored;  // the failure that brought us here matters more
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

void sync(const fs::path& path, const fs::path& shown) {
  const FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Some network file systems cannot sync a folder and say EINVAL; nothing more can be done there.
  if (descriptor.get() < 0 || (::fsync(descriptor.get()) != 0 && errno != EINVAL)) {
    throw RunFailed(shown.string(), "cannot be brought to the disk: " + system_reason(errno));
  }
}

}  // namespace

void write_atomically(const fs::path& file,
                      const std::function<void(const fs::path& temporary)>& write) {
  const fs::path folder = folder_of(file);
  const TemporaryFile temporary(folder /
                                fmt::format(".{}.tmp-{}", file.filename().string(), ::getpid()));
  write(temporary.path());
  sync(temporary.path(), file);
  if (std::rename(temporary.path().c_str(), file.c_str()) != 0) {
    throw RunFailed(file.string(), "cannot be replaced: " + system_reason(errno));
  }
  sync(folder, file);
}

void write_atomically(const fs::path& file, std::string_view content) {
  write_atomically(file, [&](const fs::path& temporary) {
    OutputFile output(temporary, file);
    output.write(content);
    output.close();
  });
}

std::string read_file(const fs::path& file, std::size_t limit) {
  const InputFile input(file);
  if (input.size() > limit) {
    throw BadInput(
        file.string(),
        fmt::format(
            "has {} bytes; at most {} can be read. Is it the right file?", input.size(), limit));
  }
  std::string content(static_cast<std::size_t>(input.size()), '\0');
  input.read(0, std::as_writable_bytes(std::span(content)));
  return content;
}

}  // namespace thalweg
