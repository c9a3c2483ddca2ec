#include "thalweg/base/random.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <utility>

#include <Random123/philox.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

__extension__ using UInt128 = unsigned __int128;

// The finalizer of SplitMix64: a bijection in which every input bit moves about half of the output.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

// Names and numbers are told apart by what is added to the parent's purpose before mixing.
constexpr std::uint64_t kNameTag = 0x9e3779b97f4a7c15U;
constexpr std::uint64_t kNumberTag = 0xd1b54a32d192ed03U;

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

using Block = std::array<std::uint64_t, 2>;

// 128 bits: elements 2 * number and 2 * number + 1 of the stream.
Block block(Key key, std::uint64_t number) {
  const auto words = philox({low(number), high(number), low(key.purpose), high(key.purpose)},
                            {low(key.seed), high(key.seed)});
  return {words[0] | (std::uint64_t{words[1]} << 32), words[2] | (std::uint64_t{words[3]} << 32)};
}

double unit_interval(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

using Pair = std::array<double, 2>;

Pair uniform_pair(Key key, std::uint64_t number) {
  const Block bits = block(key, number);
  return {unit_interval(bits[0]), unit_interval(bits[1])};
}

// Box-Muller. The radius comes from 1 - u in (0, 1], so that the logarithm is finite; the largest
// radius is sqrt(2 * 53 * ln 2) = 8.57.
Pair normal_pair(Key key, std::uint64_t number) {
  const Pair u = uniform_pair(key, number);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - u[0]));
  const double angle = 2.0 * std::numbers::pi * u[1];
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// Elements first, first + 1, ... of a stream whose elements come in pairs.
template <typename T, typename PairFunction>
void fill(std::span<T> out, Key key, std::uint64_t first, PairFunction pair_at) {
  std::size_t i = 0;
  if (first % 2 == 1 && !out.empty()) {
    out[i++] = static_cast<T>(pair_at(key, first / 2)[1]);
  }
  for (; i + 2 <= out.size(); i += 2) {
    const Pair pair = pair_at(key, (first + i) / 2);
    out[i] = static_cast<T>(pair[0]);
    out[i + 1] = static_cast<T>(pair[1]);
  }
  if (i < out.size()) {
    out[i] = static_cast<T>(pair_at(key, (first + i) / 2)[0]);
  }
}

// Uniform on 0..n-1 by multiplication; the bias is at most n / 2^64.
std::uint64_t below(std::uint64_t n, std::uint64_t bits) {
  return static_cast<std::uint64_t>((UInt128{bits} * n) >> 64);
}

}  // namespace

Key Key::with(std::string_view name) const {
  return {seed, mix(mix(purpose + kNameTag) ^ fnv1a(name))};
}

Key Key::with(std::uint64_t number) const {
  return {seed, mix(mix(purpose + kNumberTag) ^ number)};
}

std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                    const std::array<std::uint32_t, 2>& key) {
  const philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
  const philox4x32_key_t k = {{key[0], key[1]}};
  const philox4x32_ctr_t r = philox4x32_R(10, c, k);
  return {r.v[0], r.v[1], r.v[2], r.v[3]};
}

std::uint64_t random_bits(Key key, std::uint64_t index) { return block(key, index / 2)[index % 2]; }

double uniform(Key key, std::uint64_t index) { return uniform_pair(key, index / 2)[index % 2]; }

double normal(Key key, std::uint64_t index) { return normal_pair(key, index / 2)[index % 2]; }

void fill_uniform(std::span<float> out, Key key, std::uint64_t first) {
  fill(out, key, first, uniform_pair);
}

void fill_uniform(std::span<double> out, Key key, std::uint64_t first) {
  fill(out, key, first, uniform_pair);
}

void fill_normal(std::span<float> out, Key key, std::uint64_t first) {
  fill(out, key, first, normal_pair);
}

void fill_normal(std::span<double> out, Key key, std::uint64_t first) {
  fill(out, key, first, normal_pair);
}

std::vector<std::int64_t> random_permutation(std::int64_t n, Key key) {
  if (n < 0) {
    throw InvalidArgument("random_permutation",
                          "n must not be negative; got " + std::to_string(n) + ".");
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[below(i, random_bits(key, i))]);
  }
  return order;
}

}  // namespace thalweg
