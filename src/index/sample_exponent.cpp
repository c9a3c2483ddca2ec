#include "thalweg/index/sample_exponent.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::index {
namespace {

constexpr std::size_t kRowsPerSlice = 20, kFewestSlices = 5;

/// Ends of slices of rows in the order of y: about equal, ties together.
std::vector<std::size_t> slice_ends(const std::vector<double>& sorted, std::size_t slices) {
  const std::size_t n = sorted.size();
  std::vector<std::size_t> ends;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = std::min(n, begin + std::max<std::size_t>(1, n / slices));
    while (end < n && sorted[end] == sorted[end - 1]) ++end;
    if (n - end < n / slices / 2) end = n;
    // A value that ties beyond the slice begins one of its own.
    const auto tie = std::ranges::lower_bound(sorted, sorted[end - 1]) - sorted.begin();
    if (static_cast<std::size_t>(tie) > begin &&
        end - static_cast<std::size_t>(tie) > n / slices / 2 &&
        sorted[static_cast<std::size_t>(tie)] != sorted[begin] && end - begin > n / slices) {
      ends.push_back(static_cast<std::size_t>(tie));
    }
    ends.push_back(end);
    begin = end;
  }
  return ends;
}

struct Estimate {
  double value = 0, se = 0, null_deviation = 0;
};

/// @param h  h_k(z) in the order of y
Estimate estimate(const std::vector<double>& h, const std::vector<std::size_t>& ends) {
  const auto n = static_cast<double>(h.size());
  struct Slice {
    double m, sum = 0, squares = 0;
    double pairs(double rows, double s, double q) const {
      return rows < 2 ? 0 : (s * s - q) / (rows - 1);  // m times the mean over pairs
    }
  };
  Estimate result;
  double total = 0, variance = 0;
  std::vector<Slice> slices;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    Slice slice{.m = static_cast<double>(end - begin)};
    for (std::size_t i = begin; i < end; ++i) {
      slice.sum += h[i];
      slice.squares += h[i] * h[i];
    }
    total += slice.pairs(slice.m, slice.sum, slice.squares);
    if (slice.m > 1) variance += 2 * slice.m / (slice.m - 1) / (n * n);
    slices.push_back(slice);
    begin = end;
  }
  result.value = total / n;
  result.null_deviation = std::sqrt(variance);

  double mean = 0, spread = 0;  // of the estimates without one row, by Welford's recurrence
  begin = 0;
  double count = 0;
  for (std::size_t b = 0; b < ends.size(); ++b) {
    const Slice& slice = slices[b];
    const double others = total - slice.pairs(slice.m, slice.sum, slice.squares);
    for (std::size_t i = begin; i < ends[b]; ++i) {
      const double without =
          (others + slice.pairs(slice.m - 1, slice.sum - h[i], slice.squares - h[i] * h[i])) /
          (n - 1);
      count += 1;
      const double change = without - mean;
      mean += change / count;
      spread += change * (without - mean);
    }
    begin = ends[b];
  }
  result.se = std::sqrt((n - 1) / n * spread);
  return result;
}

}  // namespace

double SampleOrder::lambda() const { return std::sqrt(std::max(0.0, lambda2)); }

SampleExponents sample_exponents(std::span<const double> z,
                                 std::span<const double> y,
                                 int max_order) {
  constexpr const char* kWhere = "index::sample_exponents";
  if (z.size() != y.size() || z.size() < 2 * kRowsPerSlice) {
    throw InvalidArgument(
        kWhere,
        fmt::format(
            "needs as many responses as indices, 40 or more; got {} and {}.", y.size(), z.size()));
  }
  if (max_order < 1 || max_order > 12) {
    throw InvalidArgument(kWhere, fmt::format("max_order must be 1 to 12; got {}.", max_order));
  }
  const std::size_t n = y.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return y[i]; });
  std::vector<double> sorted(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = y[order[i]];
  if (sorted.front() == sorted.back()) {
    throw InvalidArgument(kWhere, "the response is constant and says nothing about the index.");
  }
  const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(n);

  SampleExponents result;
  for (int k = 1; k <= max_order; ++k) {
    std::vector<double> h(n);
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      h[i] = hermite::hermite(k, z[order[i]]);
      const double term = (sorted[i] - mean) * h[i];
      sum += term;
      squares += term * term;
    }
    const auto rows = static_cast<double>(n);
    SampleOrder found;
    found.coefficient = sum / rows;
    found.coefficient_se =
        std::sqrt(std::max(0.0, squares / rows - found.coefficient * found.coefficient) / rows);

    std::size_t slices = std::min(kFewestSlices, n / kRowsPerSlice);
    auto ends = slice_ends(sorted, slices);
    auto best = estimate(h, ends);
    found.lambda2_coarser = best.value;
    while (2 * slices * kRowsPerSlice <= n) {
      const auto finer_ends = slice_ends(sorted, 2 * slices);
      if (finer_ends == ends) break;  // classes
      const auto finer = estimate(h, finer_ends);
      found.lambda2_coarser = best.value;
      const bool grew = finer.value > best.value + finer.se;
      best = finer;
      ends = finer_ends;
      slices *= 2;
      if (!grew) break;
    }
    found.lambda2 = best.value;
    found.se = best.se;
    found.z_score = best.value / best.null_deviation;
    found.slices = static_cast<int>(ends.size());
    constexpr double k95 = 1.645;
    found.upper =
        std::sqrt(std::max(0.0, best.value) + k95 * std::max(best.se, best.null_deviation));
    constexpr double kCertain = 4;
    if (!result.information_exponent &&
        std::abs(found.coefficient) > kCertain * found.coefficient_se) {
      result.information_exponent = k;
    }
    if (!result.generative_exponent && found.z_score >= kCertain) result.generative_exponent = k;
    result.orders.push_back(found);
  }
  return result;
}

}  // namespace thalweg::index
