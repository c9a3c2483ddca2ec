#include "thalweg/hermite/polynomial.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "thalweg/base/error.hpp"

namespace thalweg::hermite {
namespace {

/// h_{j+1} = up_j x h_j - down_j h_{j-1}: roots and quotients are most of the recurrence's time, so
/// those of the usual orders are kept.
struct Recurrence {
  double up, down;
};

Recurrence recurrence_at(std::size_t order) {
  const double j = static_cast<double>(order);
  return {1 / std::sqrt(j + 1), std::sqrt(j / (j + 1))};
}

constexpr std::size_t kKept = 64;

const std::array<Recurrence, kKept>& kept_recurrence() {
  static const auto kept = [] {
    std::array<Recurrence, kKept> table;
    for (std::size_t j = 0; j < kKept; ++j) table[j] = recurrence_at(j);
    return table;
  }();
  return kept;
}

/// use(j, h_j(x)) for j = 0, ..., last.
template <typename Use>
void for_each_order(std::size_t last, double x, Use use) {
  const auto& kept = kept_recurrence();
  double previous = 0, value = 1;
  use(0, value);
  for (std::size_t j = 0; j < last; ++j) {
    const auto [up, down] = j < kKept ? kept[j] : recurrence_at(j);
    const double next = up * x * value - down * previous;
    previous = value;
    value = next;
    use(j + 1, value);
  }
}

}  // namespace

double hermite(int k, double x) {
  if (k < 0) {
    throw InvalidArgument("hermite",
                          "the order must not be negative; got " + std::to_string(k) + ".");
  }
  double value = 1;
  for_each_order(static_cast<std::size_t>(k), x, [&](std::size_t, double h) { value = h; });
  return value;
}

void hermite_values(double x, std::span<double> out) {
  if (out.empty()) return;
  for_each_order(out.size() - 1, x, [&](std::size_t j, double h) { out[j] = h; });
}

double hermite_series(std::span<const double> coefficients, double x) {
  double b1 = 0, b2 = 0;  // b_{k+1}, b_{k+2}
  for (std::size_t k = coefficients.size(); k-- > 0;) {
    const double order = static_cast<double>(k);
    const double b =
        coefficients[k] + x * b1 / std::sqrt(order + 1) - std::sqrt((order + 1) / (order + 2)) * b2;
    b2 = b1;
    b1 = b;
  }
  return b1;
}

}  // namespace thalweg::hermite
