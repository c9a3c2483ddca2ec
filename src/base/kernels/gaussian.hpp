#pragma once

#include <cstddef>
#include <cstdint>

#include "thalweg/base/random.hpp"

namespace thalweg::kernels {

/// The stream comes in groups of 64: Philox blocks 16 g .. 16 g + 15 give elements 64 g .. 64 g
/// + 63. Block b's words (w0, w1, w2, w3) give the normals c(w0, w1), s(w0, w1), c(w2, w3), s(w2,
/// w3), which lie 16 apart, at b % 16, so that a register of lanes is stored as it is.
inline constexpr std::size_t kGaussianGroup = 64;
inline constexpr std::size_t kGaussianLanes = 16;

/// Whole groups `first_group`, ... @param out  (64 groups), written; doubles are the floats,
/// widened
void gaussian_groups(float* out, std::size_t groups, Key stream, std::uint64_t first_group);
void gaussian_groups(double* out, std::size_t groups, Key stream, std::uint64_t first_group);

/// One element in double, by the scalar library: the oracle, and the kernel where there is no SIMD.
double exact_gaussian(Key stream, std::uint64_t index);

}  // namespace thalweg::kernels
