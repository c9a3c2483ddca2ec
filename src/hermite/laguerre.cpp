#include "thalweg/hermite/laguerre.hpp"

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::hermite {
namespace {

// The monic polynomial with a = (d + shift) / 2.
double radial(int m, double r2, double d, double shift) {
  if (m < 0) {
    throw InvalidArgument("hermite::radial",
                          fmt::format("the number of traces must not be negative; got {}.", m));
  }
  double previous = 0, value = 1;
  for (int j = 0; j < m; ++j) {
    const double next =
        (r2 - d - (4 * j + 2 + shift)) * value - 2 * j * (2 * j + d + shift) * previous;
    previous = value;
    value = next;
  }
  return value;
}

}  // namespace

double radial_p(int m, double r2, double d) { return radial(m, r2, d, 0); }
double radial_q(int m, double r2, double d) { return radial(m, r2, d, 2); }
double radial_trace(int m, double r2, double d) { return radial(m, r2, d, -2); }

}  // namespace thalweg::hermite
