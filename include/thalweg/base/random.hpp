#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

/// Names one random stream: the user's seed and what the numbers are for.
///
/// Streams are counter-based (Philox4x32-10): element i of a stream is a pure function of (key, i),
/// so nothing depends on the order of calls, the number of threads or what else was drawn.
struct Key {
  std::uint64_t seed = 0;
  std::uint64_t purpose = 0;

  /// A stream of its own under this one, by name or by number. Distinct arguments give unrelated
  /// streams.
  Key with(std::string_view name) const;
  Key with(std::uint64_t number) const;
};

/// Raw Philox4x32-10 block: counter (c0..c3, least significant first) and key (k0, k1).
std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                    const std::array<std::uint32_t, 2>& key);

/// Element `index` of the stream: 64 random bits; uniform on [0, 1) with 53 bits; standard normal
/// (Box-Muller in double precision, |value| < 8.6).
std::uint64_t random_bits(Key key, std::uint64_t index);
double uniform(Key key, std::uint64_t index);
double normal(Key key, std::uint64_t index);

/// Writes elements first, first+1, ... of the stream into `out`; float is the double rounded.
void fill_uniform(std::span<float> out, Key key, std::uint64_t first = 0);
void fill_uniform(std::span<double> out, Key key, std::uint64_t first = 0);
void fill_normal(std::span<float> out, Key key, std::uint64_t first = 0);
void fill_normal(std::span<double> out, Key key, std::uint64_t first = 0);

/// Uniform random permutation of 0..n-1 (Fisher-Yates).
/// @throws InvalidArgument  n negative
std::vector<std::int64_t> random_permutation(std::int64_t n, Key key);

}  // namespace thalweg
