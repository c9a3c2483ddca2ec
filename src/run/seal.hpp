#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thalweg::run {

/// The last line of a file, with a checksum of all bytes before it. HDF5 ignores what follows its
/// own data.
///
/// It is there because HDF5 trusts its files: changing one byte after the other of a metrics file
/// of 12 kB soon ended the program by a division by zero inside HDF5 1.10.8. A checksum finds
/// damage, not malice.
std::string seal_of(std::string_view content);

/// What was sealed; nothing if the seal is missing or does not match.
std::optional<std::string_view> unsealed(std::string_view bytes);

}  // namespace thalweg::run
