#include "index/cells.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "index/normal_scores.hpp"
#include "thalweg/base/parallel.hpp"

namespace thalweg::index {
namespace {

constexpr double kRowsPerCell = 20;
constexpr double kMostBins = 25;

Cells sort_into_cells(const std::vector<int>& cell_of, std::size_t count) {
  Cells cells{.rows = std::vector<std::int32_t>(cell_of.size()),
              .begins = std::vector<std::size_t>(count + 1)};
  for (const int cell : cell_of) ++cells.begins[static_cast<std::size_t>(cell) + 1];
  std::partial_sum(cells.begins.begin(), cells.begins.end(), cells.begins.begin());
  auto next = cells.begins;
  for (std::size_t i = 0; i < cell_of.size(); ++i)
    cells.rows[next[static_cast<std::size_t>(cell_of[i])]++] = static_cast<std::int32_t>(i);
  return cells;
}

/// Of the m rows v of a cell.
struct CellSums {
  double m = 0, squares = 0;  ///< of |v|^2
  Vector sum = {};

  /// m times the mean of v_i . v_j over pairs of rows; with one row taken out.
  double pairs() const { return m < 2 ? 0 : (sum.squaredNorm() - squares) / (m - 1); }
  template <typename Row>
  double pairs_without(const Row& row) const {
    const double square = row.squaredNorm();
    const double others = sum.squaredNorm() - 2 * row.dot(sum) + square;
    return m < 3 ? 0 : (others - (squares - square)) / (m - 2);
  }
};

CellSums cell_sums(const Cells& cells, std::size_t cell, const Matrix& v) {
  CellSums sums{.sum = Vector::Zero(v.cols())};
  for (std::size_t i = cells.begins[cell]; i < cells.begins[cell + 1]; ++i) {
    sums.sum += v.row(cells.rows[i]);
    sums.squares += v.row(cells.rows[i]).squaredNorm();
  }
  sums.m = static_cast<double>(cells.begins[cell + 1] - cells.begins[cell]);
  return sums;
}

/// The products of pairs of rows of one cell, over m - 1.
Matrix cell_products(const Cells& cells,
                     std::size_t cell,
                     const Matrix& z,
                     const Matrix& rest,
                     const HermiteBasis& basis) {
  const std::size_t begin = cells.begins[cell], end = cells.begins[cell + 1];
  if (end - begin < 2) return Matrix::Zero(basis.size(), basis.size());
  Matrix points(static_cast<Eigen::Index>(end - begin), rest.cols());
  for (std::size_t i = begin; i < end; ++i)
    points.row(static_cast<Eigen::Index>(i - begin)) = z.row(cells.rows[i]) * rest;
  const Matrix values = basis.values(points);
  const Vector total = values.colwise().sum().transpose();
  return (total * total.transpose() - values.transpose() * values) /
         static_cast<double>(end - begin - 1);
}

}  // namespace

Cells cells_of(const Slices& slices, MatrixView coordinates, int bins) {
  std::vector<int> cell = slices.labels;
  auto count = static_cast<std::size_t>(slices.count);
  for (Eigen::Index j = 0; j < coordinates.cols(); ++j, count *= static_cast<std::size_t>(bins)) {
    for (Eigen::Index i = 0; i < coordinates.rows(); ++i) {
      const double mass = std::erfc(-coordinates(i, j) / std::numbers::sqrt2) / 2;
      auto& place = cell[static_cast<std::size_t>(i)];
      place = place * bins + std::min(bins - 1, static_cast<int>(bins * mass));
    }
  }
  return sort_into_cells(cell, count);
}

int bins_for(Eigen::Index rows, int slices, Eigen::Index coordinates) {
  const double cells = static_cast<double>(rows) / (kRowsPerCell * slices);
  const auto s = static_cast<double>(std::max<Eigen::Index>(coordinates, 1));
  return static_cast<int>(std::min(kMostBins, std::pow(cells, 1 / s)));
}

double strength_between(const Cells& cells, const Matrix& v) {
  double total = 0;
  for (std::size_t c = 0; c < cells.count(); ++c) total += cell_sums(cells, c, v).pairs();
  return total / static_cast<double>(v.rows());
}

CellEstimate estimate_between(const Cells& cells, const Matrix& v) {
  const auto n = static_cast<double>(v.rows());
  std::vector<CellSums> sums(cells.count());
  double total = 0;
  for (std::size_t c = 0; c < sums.size(); ++c) {
    sums[c] = cell_sums(cells, c, v);
    total += sums[c].pairs();
  }
  double count = 0, mean = 0, spread = 0;  // of the estimates without one row, by Welford
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const double others = total - sums[c].pairs();
    for (std::size_t i = cells.begins[c]; i < cells.begins[c + 1]; ++i) {
      const double without = (others + sums[c].pairs_without(v.row(cells.rows[i]))) / (n - 1);
      count += 1;
      const double change = without - mean;
      mean += change / count;
      spread += change * (without - mean);
    }
  }
  return {.value = total / n, .se = std::sqrt((n - 1) / n * spread)};
}

double null_deviation(const Cells& cells, Eigen::Index size) {
  double variance = 0;
  for (std::size_t c = 0; c < cells.count(); ++c) {
    const auto m = static_cast<double>(cells.begins[c + 1] - cells.begins[c]);
    if (m > 1) variance += 2 * static_cast<double>(size) * m / (m - 1);
  }
  return std::sqrt(variance) / static_cast<double>(cells.rows.size());
}

double resolvable(const Cells& cells, Eigen::Index size, double alpha) {
  const double degrees = static_cast<double>(size) * static_cast<double>(cells.count());
  const double spread = 2 / (9 * degrees);  // Wilson and Hilferty: the cube root is nearly normal
  const double root = 1 - spread + normal_quantile(1 - alpha) * std::sqrt(spread);
  return degrees * (std::pow(root, 3) - 1) / static_cast<double>(cells.rows.size());
}

Matrix moments_between(const Cells& cells,
                       const Matrix& z,
                       const Matrix& rest,
                       const HermiteBasis& basis,
                       int threads) {
  constexpr std::size_t kTogether = 64;
  std::vector<Matrix> parts((cells.count() + kTogether - 1) / kTogether);
  parallel_for(static_cast<std::int64_t>(parts.size()), threads, [&](std::int64_t part) {
    Matrix sum = Matrix::Zero(basis.size(), basis.size());
    const auto first = static_cast<std::size_t>(part) * kTogether;
    for (std::size_t c = first; c < std::min(cells.count(), first + kTogether); ++c)
      sum += cell_products(cells, c, z, rest, basis);
    parts[static_cast<std::size_t>(part)] = std::move(sum);
  });
  Matrix total = Matrix::Zero(basis.size(), basis.size());
  for (const Matrix& part : parts) total += part;
  return total / static_cast<double>(z.rows());
}

}  // namespace thalweg::index
