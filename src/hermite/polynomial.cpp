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

Recurrence recurrence(std::size_t order) {
  static const auto kept = [] {
    std::array<Recurrence, 64> table;
    for (std::size_t j = 0; j < table.size(); ++j) table[j] = recurrence_at(j);
    return table;
  }();
  return order < kept.size() ? kept[order] : recurrence_at(order);
}

}  // namespace

double hermite(int k, double x) {
  if (k < 0) {
    throw InvalidArgument("hermite",
                          "the order must not be negative; got " + std::to_string(k) + ".");
  }
  double previous = 0, value = 1;
  for (std::size_t j = 0; j < static_cast<std::size_t>(k); ++j) {
    const auto [up, down] = recurrence(j);
    const double next = up * x * value - down * previous;
    previous = value;
    value = next;
  }
  return value;
}

void hermite_values(double x, std::span<double> out) {
  double previous = 0, value = 1;
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = value;
    const auto [up, down] = recurrence(j);
    const double next = up * x * value - down * previous;
    previous = value;
    value = next;
  }
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
