#include "thalweg/index/sample_exponent.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include <fmt/format.h>

#include "index/cells.hpp"
#include "index/significance.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/index/slices.hpp"

namespace thalweg::index {
namespace {

constexpr std::size_t kRowsPerSlice = 20, kFewestSlices = 5;

void check(std::span<const double> z,
           std::span<const double> y,
           const SampleExponentOptions& options) {
  constexpr const char* kWhere = "index::sample_exponents";
  if (z.size() != y.size() || z.size() < 2 * kRowsPerSlice) {
    throw InvalidArgument(
        kWhere,
        fmt::format(
            "needs as many responses as indices, 40 or more; got {} and {}.", y.size(), z.size()));
  }
  if (options.max_order < 1 || options.max_order > 12 || !(options.false_alarm >= 1e-4) ||
      !(options.false_alarm < 1)) {
    throw InvalidArgument(kWhere,
                          fmt::format("needs max_order from 1 to 12 and false_alarm from 1e-4 to "
                                      "1; got {} and {}.",
                                      options.max_order,
                                      options.false_alarm));
  }
}

/// Slices of y: 5, 10, 20 and so on with 20 rows or more, up to where they are its values.
std::vector<Cells> slicings_of(std::span<const double> y) {
  std::vector<Cells> slicings;
  for (auto count = std::min(kFewestSlices, y.size() / kRowsPerSlice);
       count * kRowsPerSlice <= y.size();
       count *= 2) {
    Cells cells = cells_of(slices_of(y, static_cast<int>(count)), Matrix(0, 0), 1);
    if (!slicings.empty() && cells == slicings.back()) break;
    slicings.push_back(std::move(cells));
  }
  return slicings;
}

/// The estimate of lambda_k^2, from the slices where it grows no more.
void set_lambda(SampleOrder& order, const std::vector<Cells>& slicings, const Matrix& h) {
  constexpr double k95 = 1.645;
  for (std::size_t i = 0; i < slicings.size(); ++i) {
    const auto finer = estimate_between(slicings[i], h);
    const bool grew = finer.value > order.lambda2 + finer.se;
    order.lambda2_coarser = i == 0 ? finer.value : order.lambda2;
    order.lambda2 = finer.value;
    order.se = finer.se;
    order.slices = static_cast<int>(slicings[i].count());
    order.upper = std::sqrt(std::max(0.0, order.lambda2) +
                            k95 * std::max(order.se, null_deviation(slicings[i], 1)));
    if (i > 0 && !grew) break;
  }
}

/// The mean of y h_k(z).
void set_coefficient(SampleOrder& order, const Vector& centred, const Matrix& h) {
  const auto rows = static_cast<double>(h.rows());
  const Eigen::ArrayXd terms = centred.array() * h.col(0).array();
  order.coefficient = terms.mean();
  order.coefficient_se = std::sqrt((terms - order.coefficient).square().mean() / rows);
}

}  // namespace

double SampleOrder::lambda() const { return std::sqrt(std::max(0.0, lambda2)); }

SampleExponents sample_exponents(std::span<const double> z,
                                 std::span<const double> y,
                                 const SampleExponentOptions& options) {
  check(z, y, options);
  std::vector<std::size_t> order(y.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return y[i]; });
  Vector sorted(static_cast<Eigen::Index>(y.size()));
  for (Eigen::Index i = 0; i < sorted.size(); ++i)
    sorted[i] = y[order[static_cast<std::size_t>(i)]];
  const auto slicings = slicings_of({sorted.data(), y.size()});
  const Vector centred = sorted.array() - sorted.mean();
  const int draws = static_cast<int>(std::ceil(options.max_order / options.false_alarm)) - 1;

  SampleExponents result;
  for (int k = 1; k <= options.max_order; ++k) {
    Matrix h(sorted.size(), 1);
    for (Eigen::Index i = 0; i < h.rows(); ++i)
      h(i, 0) = hermite::hermite(k, z[order[static_cast<std::size_t>(i)]]);
    SampleOrder found;
    set_coefficient(found, centred, h);
    set_lambda(found, slicings, h);
    const Significance test(slicings, h);
    found.z_score = test.score();
    const Key key = options.key.with("draws").with(static_cast<std::uint64_t>(k));
    found.shows = test.beyond(draws, key, options.threads);
    found.resolvable = std::sqrt(resolvable(slicings.front(), 1, 1.0 / (draws + 1)));
    constexpr double kCertain = 4;
    if (!result.information_exponent &&
        std::abs(found.coefficient) > kCertain * found.coefficient_se) {
      result.information_exponent = k;
    }
    if (!result.generative_exponent && found.shows) result.generative_exponent = k;
    result.orders.push_back(found);
  }
  return result;
}

}  // namespace thalweg::index
