#include "thalweg/hermite/breakpoints.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::hermite {
namespace {

constexpr std::size_t kCells = 100000;
constexpr double kStep = 2 * kRange / kCells;
constexpr std::size_t kBlock = 64;       // cells that share one median
constexpr double kOutlier = 50;          // second differences above this many medians are flagged
constexpr double kFloor = 1e-12;         // and above this share of the values nearby
constexpr double kWidth = 1e-12;         // what counts as a point, relative to max(1, |x|)
constexpr std::size_t kRefinement = 16;  // parts of an interval that is narrowed down

// Midpoints of cells: round numbers, where links like 1/z or log|z| are infinite, are not hit.
double grid_point(std::size_t i) { return -kRange + (static_cast<double>(i) + 0.5) * kStep; }

double value_at(const ScalarFunction& f, double x) {
  double y = 0;
  f({&x, 1}, {&y, 1});
  return y;
}

double second_difference(const std::vector<double>& y, std::size_t i) {
  return std::abs(y[i - 1] - 2 * y[i] + y[i + 1]);
}

double width_at(double x) { return kWidth * std::max(1.0, std::abs(x)); }

// Where f goes from not finite to finite between two neighbouring points, by bisection.
double edge_of_definition(const ScalarFunction& f, double undefined, double defined) {
  while (std::abs(defined - undefined) > width_at(defined)) {
    const double middle = 0.5 * (undefined + defined);
    (std::isfinite(value_at(f, middle)) ? defined : undefined) = middle;
  }
  return defined;
}

std::vector<Interval> undefined_intervals(const ScalarFunction& f, const std::vector<double>& y) {
  std::vector<Interval> result;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (std::isfinite(y[i])) continue;
    const std::size_t first = i;
    while (i + 1 < y.size() && !std::isfinite(y[i + 1])) ++i;
    const double from =
        first == 0 ? -kRange : edge_of_definition(f, grid_point(first), grid_point(first - 1));
    const double to =
        i + 1 == y.size() ? kRange : edge_of_definition(f, grid_point(i), grid_point(i + 1));
    if (to - from > 4 * width_at(from)) result.push_back({.from = from, .to = to});
  }
  return result;
}

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// For every block of cells the second difference above which a cell sticks out.
std::vector<double> block_thresholds(const std::vector<double>& y) {
  std::vector<double> thresholds;
  std::vector<double> differences;
  for (std::size_t begin = 0; begin < y.size(); begin += kBlock) {
    differences.clear();
    double size = 0;
    const std::size_t end = std::min(begin + kBlock, y.size() - 1);
    for (std::size_t i = std::max<std::size_t>(begin, 1); i < end; ++i) {
      differences.push_back(second_difference(y, i));
      size = std::max(size, std::abs(y[i]));
    }
    thresholds.push_back(std::max(kOutlier * median_of(differences), kFloor * size));
  }
  return thresholds;
}

// Cells whose second difference sticks out. Both neighbouring blocks count, so that one where the
// curvature jumps (relu(z)^2) is not taken for a kink.
std::vector<std::size_t> flagged_cells(const std::vector<double>& y) {
  const std::vector<double> thresholds = block_thresholds(y);
  std::vector<std::size_t> flagged;
  for (std::size_t i = 1; i + 1 < y.size(); ++i) {
    const std::size_t block = i / kBlock;
    const double before = thresholds[block == 0 ? 0 : block - 1];
    const double after = thresholds[std::min(block + 1, thresholds.size() - 1)];
    if (second_difference(y, i) > std::max({before, thresholds[block], after}))
      flagged.push_back(i);
  }
  return flagged;
}

// A place in [from, to] seen through kRefinement + 1 points.
struct Closeup {
  std::vector<double> x, y;
  std::size_t sharpest = 1;  // where the second difference is largest
};

Closeup closeup(const ScalarFunction& f, double from, double to) {
  Closeup c{.x = std::vector<double>(kRefinement + 1), .y = std::vector<double>(kRefinement + 1)};
  for (std::size_t i = 0; i < c.x.size(); ++i)
    c.x[i] = from + (to - from) * static_cast<double>(i) / kRefinement;
  f(c.x, c.y);
  for (std::size_t i = 2; i + 1 < c.x.size(); ++i)
    if (second_difference(c.y, i) > second_difference(c.y, c.sharpest)) c.sharpest = i;
  return c;
}

bool holds_a_break(const ScalarFunction& f, double from, double to) {
  const Closeup c = closeup(f, from, to);
  std::vector<double> differences;
  double size = 0;
  for (std::size_t i = 1; i + 1 < c.y.size(); ++i) {
    differences.push_back(second_difference(c.y, i));
    size = std::max(size, std::abs(c.y[i]));
  }
  return second_difference(c.y, c.sharpest) >
         std::max(kOutlier * median_of(differences), kFloor * size);
}

// A jump is larger than what the function does on either side of it, from near to a thousand times
// as far; a cusp is not.
Breakpoint::Kind kind_of(const ScalarFunction& f, double at) {
  const double near = 2 * width_at(at);
  const double left = value_at(f, at - near), right = value_at(f, at + near);
  const double sides = std::abs(value_at(f, at - 1000 * near) - left) +
                       std::abs(value_at(f, at + 1000 * near) - right);
  const double noise = 1e-9 * (std::abs(left) + std::abs(right));
  return std::abs(right - left) > std::max(sides, noise) ? Breakpoint::Kind::kJump
                                                         : Breakpoint::Kind::kKink;
}

// Narrows [from, to] down around its largest second difference, then looks on both sides.
void find_breaks(const ScalarFunction& f, double from, double to, std::vector<Breakpoint>& found) {
  double left = from, right = to;
  while (right - left > 4e-16 * std::max(1.0, std::abs(left))) {
    const Closeup c = closeup(f, left, right);
    left = c.x[c.sharpest - 1];
    right = c.x[c.sharpest + 1];
  }
  const double at = 0.5 * (left + right);
  // A cusp bends everywhere near it: other breaks are looked for at some distance.
  const double margin = (to - from) / kRefinement;
  if (at - margin > from && holds_a_break(f, from, at - margin))
    find_breaks(f, from, at - margin, found);
  found.push_back({.at = at, .kind = kind_of(f, at)});
  if (at + margin < to && holds_a_break(f, at + margin, to)) find_breaks(f, at + margin, to, found);
}

double rounded(double x) { return std::round(x * 1e10) / 1e10 + 0.0; }

std::string interval_text(const Interval& interval) {
  if (interval.from <= -kRange && interval.to >= kRange) return "for every z";
  if (interval.from <= -kRange) return fmt::format("for z < {:.6g}", rounded(interval.to));
  if (interval.to >= kRange) return fmt::format("for z > {:.6g}", rounded(interval.from));
  return fmt::format("for {:.6g} < z < {:.6g}", rounded(interval.from), rounded(interval.to));
}

}  // namespace

FunctionScan scan_function(const ScalarFunction& f) {
  std::vector<double> x(kCells), y(kCells);
  for (std::size_t i = 0; i < kCells; ++i) x[i] = grid_point(i);
  f(x, y);
  FunctionScan scan{.breakpoints = {}, .undefined = undefined_intervals(f, y)};
  if (!scan.undefined.empty()) return scan;

  const std::vector<std::size_t> flagged = flagged_cells(y);
  for (std::size_t i = 0; i < flagged.size(); ++i) {
    const std::size_t first = i;
    while (i + 1 < flagged.size() && flagged[i + 1] <= flagged[i] + 2) ++i;
    find_breaks(f, grid_point(flagged[first] - 1), grid_point(flagged[i] + 1), scan.breakpoints);
  }
  return scan;
}

void require_defined(const FunctionScan& scan, const char* where) {
  if (scan.undefined.empty()) return;
  throw InvalidArgument(
      where,
      fmt::format("the function is infinite or undefined {}; give one that is finite for almost "
                  "every z.",
                  interval_text(scan.undefined.front())));
}

}  // namespace thalweg::hermite
