#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "thalweg/base/ndarray.hpp"

namespace thalweg {

/// Hands out the next bytes of a stream, exactly as many as asked for.
using ByteSource = std::function<void(std::span<std::byte>)>;

/// Reads one array in NumPy's .npy format, versions 1 to 3, from a stream of `size` bytes.
///
/// Element types without a counterpart here are widened: float16 to float32, uint16 to int32,
/// uint32 and uint64 to int64 (where every value fits). Fortran order is turned into row-major
/// order.
/// @param where  what messages name: the file and the member
/// @throws BadInput  before any allocation if the header and `size` disagree
/// Source: NumPy, numpy.lib.format.
NdArray read_npy(const ByteSource& source, std::uint64_t size, const std::string& where);

/// The magic, version and header that precede the elements of `array`; a multiple of 64 bytes.
std::string npy_header(const NdArray& array);

}  // namespace thalweg
