#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace thalweg::fuzz {

/// The fuzzer's bytes as a file in memory: the readers take paths.
class InputFile {
 public:
  explicit InputFile(std::span<const std::uint8_t> bytes) : descriptor_(memfd_create("input", 0)) {
    const auto written = descriptor_ < 0 ? -1 : write(descriptor_, bytes.data(), bytes.size());
    if (written != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  ~InputFile() { close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace thalweg::fuzz
