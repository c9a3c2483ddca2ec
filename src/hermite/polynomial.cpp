#include "thalweg/hermite/polynomial.hpp"

#include <cmath>
#include <string>

#include "thalweg/base/error.hpp"

namespace thalweg::hermite {

double hermite(int k, double x) {
  if (k < 0) {
    throw InvalidArgument("hermite",
                          "the order must not be negative; got " + std::to_string(k) + ".");
  }
  double previous = 0, value = 1;
  for (int j = 0; j < k; ++j) {
    const double next = (x * value - std::sqrt(j) * previous) / std::sqrt(j + 1);
    previous = value;
    value = next;
  }
  return value;
}

void hermite_values(double x, std::span<double> out) {
  double previous = 0, value = 1;
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = value;
    const double order = static_cast<double>(j);
    const double next = (x * value - std::sqrt(order) * previous) / std::sqrt(order + 1);
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
