#include "index/two_hump_link.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "index/root.hpp"

namespace thalweg::index {
namespace {

constexpr double kLeftHump = -0.8, kRightHump = 1.25;

/// F_0 and F_1 at one level, in units of phi(b). a = b - u and d = c + v with u, v > 0.
///
/// phi(a) / phi(b) = e^s with s = u (2 b - u) / 2, and phi(c) / phi(b) = e^t. Near the humps u and
/// v are small and so are e^s - 1 and their like; near level zero e^t - 1 is small, and e^s is too.
/// In either case expm1 and log1p keep the digits.
class Level {
 public:
  explicit Level(double y)
      : b_(kLeftHump * y), c_(kRightHump * y), t_((b_ - c_) * (b_ + c_) / 2), high_(y > 0.5) {}

  double b() const { return b_; }
  double c() const { return c_; }

  /// v from F_0 = 0; infinite where phi(d) would have to be negative.
  double v(double u) const {
    const double s = u * (2 * b_ - u) / 2;
    // phi(d) = phi(a) + phi(c) - phi(b)
    const double logarithm = high_ ? std::log1p(std::expm1(s) * std::exp(-t_))
                                   : std::log(std::exp(s) + std::expm1(t_)) - t_;
    return distance(c_, logarithm);
  }

  double u(double v) const {
    const double w = -v * (2 * c_ + v) / 2;
    // phi(a) = phi(d) + phi(b) - phi(c)
    const double logarithm = high_ ? std::log1p(std::expm1(w) * std::exp(t_))
                                   : std::log(std::exp(t_ + w) - std::expm1(t_));
    return distance(-b_, logarithm);
  }

  /// F_1, from -2 u for u near 0 through zero to above; infinite beyond.
  double residual(double u, double v) const {
    if (std::isinf(v)) return INFINITY;
    const double s = u * (2 * b_ - u) / 2, phi_c = std::exp(t_);
    if (high_) return (b_ - u - c_ - v) * std::expm1(s) - u - v * phi_c;
    return (b_ - u) * std::exp(s) - (c_ + v) * (std::exp(s) + std::expm1(t_)) + c_ * phi_c - b_;
  }

 private:
  /// x - m for x > m >= 0 with log(phi(x) / phi(m)) = logarithm.
  static double distance(double m, double logarithm) {
    if (!(logarithm > -INFINITY)) return INFINITY;
    return -2 * logarithm / (m + std::sqrt(m * m - 2 * logarithm));
  }

  double b_, c_, t_;
  bool high_;
};

double residual_at_u(double y, double u) {
  const Level level(y);
  return level.residual(u, level.v(u));
}

/// Outer preimages of a descending list of levels, between which roots are looked for.
struct Table {
  std::vector<double> level, a, d;

  Table() {
    add(1, 0);
    for (double y = 0.99; y > 0.05; y -= 0.01) solve(y);
    for (double y = 0.05; y > 1e-35; y *= 0.7) solve(y);
  }

  void add(double y, double u) {
    const Level at(y);
    level.push_back(y);
    a.push_back(at.b() - u);
    d.push_back(at.c() + (u == 0 ? 0 : at.v(u)));
  }

  // The residual changes sign once in u, which is 0.02 and more below level 0.99.
  void solve(double y) {
    double low = 1e-3, high = low;
    while (residual_at_u(y, high) < 0) high *= 2;
    while (std::isinf(residual_at_u(y, high))) {
      const double middle = 0.5 * (low + high);
      (residual_at_u(y, middle) < 0 ? low : high) = middle;
    }
    add(y, find_root([y](double u) { return residual_at_u(y, u); }, low, high));
  }
};

/// The level between two of the table's at which `residual` is zero; it rises with the level.
template <typename Residual>
double solve_level(const std::vector<double>& levels, std::size_t above, const Residual& residual) {
  double low = levels[above], high = levels[above - 1];
  while (std::isinf(residual(high))) {
    const double middle = 0.5 * (low + high);
    (residual(middle) < 0 ? low : high) = middle;
  }
  return find_root(residual, low, high);
}

double gaussian_tail(double level, double end, double z) {
  return level * std::exp(-(z - end) * (z + end) / 2);
}

}  // namespace

double two_hump_link(double z) {
  if (z >= kLeftHump && z <= 0) return z / kLeftHump;
  if (z > 0 && z <= kRightHump) return z / kRightHump;
  static const Table table;
  if (z < 0) {
    if (z <= table.a.back()) return gaussian_tail(table.level.back(), table.a.back(), z);
    const auto above = std::ranges::lower_bound(table.a, z, std::greater<>()) - table.a.begin();
    return solve_level(table.level, static_cast<std::size_t>(above), [z](double y) {
      const Level level(y);
      return residual_at_u(y, level.b() - z);
    });
  }
  if (z >= table.d.back()) return gaussian_tail(table.level.back(), table.d.back(), z);
  const auto above = std::ranges::lower_bound(table.d, z) - table.d.begin();
  return solve_level(table.level, static_cast<std::size_t>(above), [z](double y) {
    const Level level(y);
    const double v = z - level.c();
    return level.residual(level.u(v), v);
  });
}

}  // namespace thalweg::index
