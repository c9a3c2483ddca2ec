#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

/// One sentence for a failed system call and one for what to do: "No space left on device. Free
/// ...".
std::string system_reason(int error_number);

/// A name from a file may hold anything; control characters, and what follows 200 bytes, stay out of
/// messages.
std::string printable(std::string name);

/// A file descriptor that is closed with its owner.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  int get() const { return descriptor_; }
  /// Closes now. @return false with errno set if the system reports an error
  bool close();

 private:
  int descriptor_;
};

/// A new file, written from the front. Every error is a RunFailed that names `shown`, the file the
/// user asked for, whatever temporary is being filled.
class OutputFile {
 public:
  OutputFile(const std::filesystem::path& file, const std::filesystem::path& shown);
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Bytes written so far.
  std::uint64_t offset() const { return offset_; }
  void close();

 private:
  std::string shown_;
  FileDescriptor descriptor_;
  std::uint64_t offset_ = 0;
};

/// A regular file to be read anywhere. Every error is a BadInput that names it.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& file);
  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  /// Fills `out` from `offset` on; the range must lie inside the file.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string name_;
  FileDescriptor descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace thalweg
