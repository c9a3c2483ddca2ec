#include "thalweg/estimation/sample_sizes.hpp"

#include <cmath>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::estimation {
namespace {

std::int64_t in_two_digits(double value) {
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(value)) - 1));
  return static_cast<std::int64_t>(std::llround(value / unit) * std::llround(unit));
}

}  // namespace

std::vector<std::int64_t> geometric_sizes(double from, double to, double ratio) {
  if (!(from >= 1) || !(to >= from) || !(to < 1e15) || !(ratio >= 1.1)) {
    throw InvalidArgument(
        "estimation::geometric_sizes",
        fmt::format("needs 1 <= from <= to < 1e15 and a ratio of 1.1 or more; got {}, {}, {}.",
                    from,
                    to,
                    ratio));
  }
  std::vector<std::int64_t> sizes;
  for (double size = from;; size *= ratio) {
    const std::int64_t rounded = in_two_digits(size);
    if (sizes.empty() || rounded > sizes.back()) sizes.push_back(rounded);
    if (static_cast<double>(sizes.back()) >= to) return sizes;
  }
}

}  // namespace thalweg::estimation
