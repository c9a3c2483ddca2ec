#include "thalweg/index/slices.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::index {

Slices slices_of(std::span<const double> y, int count) {
  constexpr const char* where = "index::slices_of";
  const std::size_t n = y.size();
  if (count < 2 || static_cast<std::size_t>(count) > n) {
    throw InvalidArgument(
        where, fmt::format("the number of slices must be 2 to the {} rows; got {}.", n, count));
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return y[a] < y[b]; });

  Slices slices{.labels = std::vector<int>(n)};
  std::size_t filled = 0;  // rows of the slice that is being filled
  std::size_t left = n;    // rows not yet in a closed slice
  const auto close = [&] {
    if (filled == 0) return;
    ++slices.count;
    left -= filled;
    filled = 0;
  };
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    while (last < n && y[order[last]] == y[order[first]]) ++last;
    const std::size_t ties = last - first;
    // What is left is shared by the slices that are left: atoms before took more than one share.
    const auto share = [&] {
      const auto open = static_cast<std::size_t>(std::max(1, count - slices.count));
      return (left + open - 1) / open;
    };
    const bool atom = 2 * ties >= share() && ties > 1;
    if (atom) close();
    for (std::size_t i = first; i < last; ++i) slices.labels[order[i]] = slices.count;
    filled += ties;
    if (atom || filled >= share()) close();
    first = last;
  }
  close();
  if (slices.count < 2) {
    throw InvalidArgument(where, "the response does not vary, so that no direction can drive it.");
  }
  return slices;
}

}  // namespace thalweg::index
