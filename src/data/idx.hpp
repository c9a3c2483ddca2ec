#pragma once

#include <filesystem>

#include "thalweg/base/ndarray.hpp"

namespace thalweg::data {

/// Reads an IDX file of unsigned bytes, gzip'd or plain: the format of MNIST and its relatives.
///
/// The file is a big-endian header (0, 0, type 0x08, rank; one uint32 an axis) and the elements in
/// row-major order. The size the header declares is checked against the size of the file before
/// memory is taken, and the checksum of gzip against the content.
///
/// @return uint8, with the shape the header declares (rank 1 to 4)
/// @throws BadInput  missing, truncated, damaged or longer than declared; not unsigned bytes
NdArray read_idx(const std::filesystem::path& file);

}  // namespace thalweg::data
