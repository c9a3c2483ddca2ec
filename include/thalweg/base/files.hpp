#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

/// Writes a file whole or not at all: `write` fills a temporary beside it (same folder), which is
/// synced and renamed over `file`. On any failure the temporary is removed and the old file stays
/// as it was.
/// @throws RunFailed  naming the file, the reason of the system and the remedy (full disk, no
/// permission)
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path& temporary)>& write);
void write_atomically(const std::filesystem::path& file, std::string_view content);

/// The whole file as bytes. @throws BadInput if it cannot be read or is larger than `limit` bytes.
std::string read_file(const std::filesystem::path& file, std::size_t limit = std::size_t{1} << 36);

}  // namespace thalweg
