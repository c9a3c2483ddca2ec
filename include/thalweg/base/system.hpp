#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

/// Processors this process may use (affinity and cgroup quota respected), at least 1.
int available_processors();

/// Sets the number of threads of the BLAS that is loaded (OpenBLAS; found by name at run time, so
/// nothing links it). Returns false if none is loaded. ATen has its own setting: see
/// nn::use_threads.
bool set_blas_threads(int threads);

/// Largest resident memory of this process so far, bytes.
std::int64_t peak_memory_bytes();

/// "4GB", "512 MiB", "2e9", "1.5G" -> bytes (decimal for kB/MB/GB, binary for KiB/MiB/GiB, bare
/// K/M/G = binary).
/// @throws InvalidArgument with the forms that are understood
std::int64_t parse_size(std::string_view text);
std::string size_text(double bytes);  ///< "1.50 GB"

}  // namespace thalweg
