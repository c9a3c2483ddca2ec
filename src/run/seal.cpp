#include "run/seal.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace thalweg::run {
namespace {

constexpr std::size_t kSealSize = 34;

/// FNV-1a, 64 bits: every step is a bijection, so a single changed byte is always seen.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace

std::string seal_of(std::string_view content) {
  return fmt::format("thalweg checksum {:016x}\n", checksum(content));
}

std::optional<std::string_view> unsealed(std::string_view bytes) {
  if (bytes.size() < kSealSize) return {};
  const std::string_view content = bytes.substr(0, bytes.size() - kSealSize);
  if (bytes.substr(content.size()) != seal_of(content)) return {};
  return content;
}

}  // namespace thalweg::run
