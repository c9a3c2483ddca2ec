#pragma once

#include <cstdint>
#include <span>

#include "thalweg/base/random.hpp"

namespace thalweg {

/// Standard normal numbers by the billion: elements first, first + 1, ... of a stream of their own
/// under `key` (not that of fill_normal).
///
/// Element i is a pure function of (key, i), whatever `first` and the length. Philox4x32-10 in SIMD
/// lanes and a polynomial Box-Muller in float32; bits may differ in the last place between
/// processors with and without fused multiply-add. Every element costs the same except for the
/// ends, which cost up to 64: fill long spans.
///
/// Range: |value| < 6.77 (the normal law has 1.3e-11 beyond). Error against Box-Muller in exact
/// arithmetic on the same random bits: below kGaussianError. Doubles are the floats, widened: 24
/// bits in double storage.
void fill_gaussian(std::span<float> out, Key key, std::uint64_t first = 0);
void fill_gaussian(std::span<double> out, Key key, std::uint64_t first = 0);

inline constexpr double kGaussianError = 1e-6;

/// Element `index` by scalar Philox and Box-Muller in double: what the fast stream approximates.
double exact_gaussian(Key key, std::uint64_t index);

}  // namespace thalweg
