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

/// Sets the environment variables that make OpenBLAS and OpenMP fast together, where the user has
/// not set them. They are read when those libraries load: call it before starting a program that
/// links them.
///
/// - OPENBLAS_CORETYPE: OpenBLAS 0.3.21 takes processors that it does not know for a Prescott of
/// 2004; its own kernels for
///   AVX-512 or AVX2 are three to five times faster (measured: 23, 61 and 106 GFLOP/s a core).
/// - OPENBLAS_THREAD_TIMEOUT, GOMP_SPINCOUNT: both libraries keep their idle threads spinning, each
/// on the other's cores; a
///   gradient on two cores takes twice as long with their defaults.
/// - MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_: glibc keeps up to 1 GiB of freed memory, where
/// it would return large blocks
///   to the system and fault them in again (a LOBPCG iteration on four vectors of 267k: 8.7 ms
///   and 6.7 ms).
void set_math_environment();

/// Largest resident memory of this process so far, bytes.
std::int64_t peak_memory_bytes();

/// "4GB", "512 MiB", "2e9", "1.5G" -> bytes (decimal for kB/MB/GB, binary for KiB/MiB/GiB, bare
/// K/M/G = binary).
/// @throws InvalidArgument with the forms that are understood
std::int64_t parse_size(std::string_view text);
std::string size_text(double bytes);  ///< "1.50 GB"

}  // namespace thalweg
