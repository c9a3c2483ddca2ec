#include "thalweg/base/gaussian.hpp"

#include <algorithm>
#include <array>

#include "base/kernels/gaussian.hpp"

namespace thalweg {
namespace {

using kernels::kGaussianGroup;

// Bits of its own: the numbers of fill_normal and fill_uniform under the same key are unrelated.
Key stream_of(Key key) { return key.with("gaussian"); }

template <typename T>
void fill_groups(std::span<T> out, Key stream, std::uint64_t first_group) {
  kernels::gaussian_groups(out.data(), out.size() / kGaussianGroup, stream, first_group);
}

// A stretch within one group.
template <typename T>
void fill_part(std::span<T> out, Key stream, std::uint64_t first) {
  std::array<T, kGaussianGroup> group;
  fill_groups(std::span<T>(group), stream, first / kGaussianGroup);
  std::copy_n(group.begin() + first % kGaussianGroup, out.size(), out.begin());
}

template <typename T>
void fill(std::span<T> out, Key stream, std::uint64_t first) {
  const std::size_t to_next_group = (kGaussianGroup - first % kGaussianGroup) % kGaussianGroup;
  const std::size_t head = std::min(out.size(), to_next_group);
  const std::size_t tail = (out.size() - head) % kGaussianGroup;
  if (head > 0) fill_part(out.first(head), stream, first);
  fill_groups(out.subspan(head, out.size() - head - tail), stream, (first + head) / kGaussianGroup);
  if (tail > 0) fill_part(out.last(tail), stream, first + out.size() - tail);
}

}  // namespace

void fill_gaussian(std::span<float> out, Key key, std::uint64_t first) {
  fill(out, stream_of(key), first);
}

void fill_gaussian(std::span<double> out, Key key, std::uint64_t first) {
  fill(out, stream_of(key), first);
}

double exact_gaussian(Key key, std::uint64_t index) {
  return kernels::exact_gaussian(stream_of(key), index);
}

}  // namespace thalweg
