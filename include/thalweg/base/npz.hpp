#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thalweg/base/ndarray.hpp"

namespace thalweg {

using NamedArrays = std::map<std::string, NdArray, std::less<>>;

/// Reads a NumPy archive (`numpy.savez` or `savez_compressed`): every member, or only those named.
///
/// Checks the ZIP directory, sizes, CRCs and every .npy header before it allocates; refuses object
/// arrays, big-endian data, Fortran order of rank > 1 is transposed to row-major.
/// @throws BadInput  naming the file, the member and what to do
NamedArrays read_npz(const std::filesystem::path& file);
/// Members that are not named are not looked at: they may hold anything. Names not there are
/// skipped.
NamedArrays read_npz(const std::filesystem::path& file, std::span<const std::string> names);

/// Names of the arrays in an archive, for messages: control characters become '?'.
std::vector<std::string> npz_names(const std::filesystem::path& file);

/// Writes an archive that NumPy reads (stored, not compressed; ZIP64 where needed), whole or not at
/// all.
/// @throws RunFailed  if the disk is full or the folder cannot be written
void write_npz(const std::filesystem::path& file, const NamedArrays& arrays);

}  // namespace thalweg
