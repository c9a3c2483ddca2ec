#include "thalweg/hermite/expansion.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/hermite/quadrature.hpp"

namespace thalweg::hermite {
namespace {

constexpr const char* kWhere = "hermite::expand";
constexpr int kMostOrder = 100;

double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

// -12, the break points inside, 12; points nearer than the accuracy of a break are one.
std::vector<double> panel_ends(const FunctionScan& scan, const std::vector<double>& known) {
  std::vector<double> inside = known;
  for (const Breakpoint& b : scan.breakpoints) inside.push_back(b.at);
  std::sort(inside.begin(), inside.end());
  std::vector<double> ends = {-kRange};
  for (const double x : inside)
    if (x > ends.back() + 1e-11 && x < kRange - 1e-11) ends.push_back(x);
  ends.push_back(kRange);
  return ends;
}

// What the last unit of the range adds to E[f^2] must be nothing: else it is not inside, or there
// is none (exp(z^2 / 4)).
void require_second_moment(const ScalarFunction& f, double second_moment) {
  constexpr std::size_t kPoints = 101;
  std::vector<double> x(2 * kPoints), y(2 * kPoints);
  for (std::size_t i = 0; i < kPoints; ++i) {
    x[i] = kRange - 1 + static_cast<double>(i) / (kPoints - 1);
    x[kPoints + i] = -x[i];
  }
  f(x, y);
  double outside = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    outside = std::max(outside, normal_density(x[i]) * y[i] * y[i]);
  if (!(outside <= 1e-9 * second_moment)) {
    throw InvalidArgument(kWhere,
                          "the function grows so fast that E[f(Z)^2] is infinite or lies beyond "
                          "|z| = 12; give one that is square-integrable, such as a bounded one.");
  }
}

}  // namespace

Expansion expand(const ScalarFunction& f, const ExpansionOptions& options) {
  if (options.max_order < 0 || options.max_order > kMostOrder) {
    throw InvalidArgument(
        kWhere, fmt::format("max_order must be 0 to {}; got {}.", kMostOrder, options.max_order));
  }
  const FunctionScan scan = scan_function(f);
  require_defined(scan, kWhere);

  const auto count = static_cast<std::size_t>(options.max_order) + 1;
  double scale = 1;  // max(1, ||f||), so that the tolerance is relative for f^2 / scale too
  std::vector<double> y;
  const Integrand products = [&](std::span<const double> x, std::span<double> out) {
    y.resize(x.size());
    f(x, y);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::span<double> row = out.subspan(i * (count + 1), count + 1);
      hermite_values(x[i], row.first(count));
      const double weighted = normal_density(x[i]) * y[i];
      for (std::size_t k = 0; k < count; ++k) row[k] *= weighted;
      row[count] = weighted * y[i] / scale;
    }
  };
  const std::vector<double> ends = panel_ends(scan, options.breakpoints);
  const int integrals = static_cast<int>(count) + 1;
  const Integral rough = integrate(products, integrals, ends, {.tolerance = 1e300});
  scale = std::max(1.0, std::sqrt(rough.values[count]));
  const Integral found =
      integrate(products, integrals, ends, {.tolerance = options.tolerance * scale});

  Expansion expansion{.coefficients = {found.values.begin(), found.values.end() - 1},
                      .errors = {found.errors.begin(), found.errors.end() - 1},
                      .second_moment = found.values[count] * scale,
                      .converged = found.converged,
                      .breakpoints = scan.breakpoints};
  require_second_moment(f, expansion.second_moment);
  double energy = expansion.second_moment;
  for (const double c : expansion.coefficients) energy -= c * c;
  expansion.tail_energy = std::max(0.0, energy);
  expansion.tolerance = *std::max_element(expansion.errors.begin(), expansion.errors.end()) / scale;
  return expansion;
}

}  // namespace thalweg::hermite
