#include "index/labels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "index/normal_scores.hpp"
#include "thalweg/index/slices.hpp"

namespace thalweg::index {
namespace {

constexpr int kMostBins = 6;
constexpr Eigen::Index kRowsPerCell = 20;  // once coordinates share the rows with slices
constexpr Eigen::Index kRowsPerSlice = 10;
constexpr int kFrequencies = 64;
constexpr double kBandwidth = 0.75;  // of a coordinate, in its deviations

std::span<const double> as_span(VectorView v) {
  return {v.data(), static_cast<std::size_t>(v.size())};
}

// Slices, or one where there is nothing to slice.
Slices slices_or_one(std::span<const double> y, int count) {
  const bool constant = std::ranges::all_of(y, [&](double v) { return v == y.front(); });
  count = std::min(count, static_cast<int>(y.size()));
  if (constant || count < 2) return {.labels = std::vector<int>(y.size(), 0), .count = 1};
  return slices_of(y, count);
}

// The cell of every row in a grid of quantile bins of the coordinates.
Slices cells_of(MatrixView coordinates, int bins) {
  Slices cells{.labels = std::vector<int>(static_cast<std::size_t>(coordinates.rows()), 0),
               .count = 1};
  for (Eigen::Index j = 0; j < coordinates.cols(); ++j) {
    const Vector column = coordinates.col(j);
    const Slices slices = slices_or_one(as_span(column), bins);
    for (std::size_t i = 0; i < cells.labels.size(); ++i)
      cells.labels[i] = cells.labels[i] * slices.count + slices.labels[i];
    cells.count *= slices.count;
  }
  return cells;
}

// Every cell cut into about `count` slices of y.
std::vector<int> sliced_cells(const Slices& cells, VectorView y, int count) {
  std::vector<std::vector<std::size_t>> rows(static_cast<std::size_t>(cells.count));
  for (std::size_t i = 0; i < cells.labels.size(); ++i)
    rows[static_cast<std::size_t>(cells.labels[i])].push_back(i);
  std::vector<int> classes(cells.labels.size());
  int used = 0;
  for (const auto& members : rows) {
    if (members.empty()) continue;
    std::vector<double> values;
    for (const std::size_t i : members) values.push_back(y[static_cast<Eigen::Index>(i)]);
    const Slices slices = slices_or_one(values, count);
    for (std::size_t i = 0; i < members.size(); ++i) classes[members[i]] = used + slices.labels[i];
    used += slices.count;
  }
  return classes;
}

// The most bins a coordinate can have with `slices` slices in each cell; below 2 where none can.
int bins_for(Eigen::Index rows, Eigen::Index coordinates, int slices) {
  const double cells = static_cast<double>(rows) / static_cast<double>(kRowsPerCell * slices);
  const double bins = std::pow(cells, 1 / static_cast<double>(coordinates));
  return static_cast<int>(std::min<double>(kMostBins, bins));
}

std::vector<Labels> sliced_labels(VectorView y, int given, MatrixView coordinates) {
  std::vector<Labels> result;
  const std::vector<int> tries = given > 0 ? std::vector{given} : std::vector{5, 10, 20, 50};
  for (const int slices : tries) {
    const bool first = coordinates.cols() == 0;
    const int bins = first ? 1 : bins_for(y.size(), coordinates.cols(), slices);
    if (first ? result.size() > 0 && y.size() < kRowsPerSlice * slices : bins < 2) break;
    Labels labels(sliced_cells(cells_of(coordinates, bins), y, slices), slices);
    if (result.empty() || !labels.same_classes(result.back())) result.push_back(std::move(labels));
  }
  return result;
}

// cos and sin of random frequencies of the points (n, m), centred: inner products estimate
// exp(-|v - v'|^2 / 2).
Matrix random_features(const Matrix& points, Key key) {
  Matrix frequencies(points.cols(), kFrequencies);
  fill_normal({frequencies.data(), static_cast<std::size_t>(frequencies.size())}, key);
  const Matrix phases = points * frequencies;
  Matrix features(points.rows(), 2 * kFrequencies);
  features << phases.array().cos().matrix(), phases.array().sin().matrix();
  features /= std::sqrt(static_cast<double>(kFrequencies));
  features.rowwise() -= features.colwise().mean().eval();
  return features;
}

Labels radial_labels(VectorView y, MatrixView coordinates, Key key) {
  // |u - u'| of two standard normal scores has the median sqrt(2) 0.6745.
  const double median = std::numbers::sqrt2 * 0.6744897501960817;
  Matrix points(y.size(), 1 + coordinates.cols());
  points.col(0) = normal_scores(as_span(y)) / median;
  points.rightCols(coordinates.cols()) = coordinates / kBandwidth;
  return Labels(random_features(points, key));
}

// y by itself, or in each cell by itself.
Labels linear_labels(VectorView y, MatrixView coordinates) {
  const int bins =
      std::max(2, bins_for(y.size(), std::max<Eigen::Index>(1, coordinates.cols()), 1));
  const Slices cells = cells_of(coordinates, bins);
  Vector mean = Vector::Zero(cells.count), rows = Vector::Zero(cells.count);
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const int cell = cells.labels[static_cast<std::size_t>(i)];
    mean[cell] += y[i];
    rows[cell] += 1;
  }
  mean = mean.cwiseQuotient(rows.cwiseMax(1.0));
  Matrix features = Matrix::Zero(y.size(), cells.count);
  double variance = 0;
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const int cell = cells.labels[static_cast<std::size_t>(i)];
    const double centred = y[i] - mean[cell];
    variance += centred * centred / static_cast<double>(y.size());
    features(i, cell) = centred * std::sqrt(static_cast<double>(y.size()) / rows[cell]);
  }
  if (variance > 0) features /= std::sqrt(variance);
  return Labels(std::move(features));
}

}  // namespace

Labels::Labels(std::vector<int> classes, int slices)
    : classes_(std::move(classes)),
      count_(1 + *std::ranges::max_element(classes_)),
      slices_(slices) {}

hermite::UStatistic Labels::statistic(int k, MatrixView x, int threads) const {
  return count_ > 0 ? hermite::u_statistic_of_classes(k, x, classes_, threads)
                    : hermite::u_statistic(k, x, features_, threads);
}

double Labels::kurtosis() const {
  if (count_ > 0) return 1;
  const Vector weights = features_.rowwise().squaredNorm();
  const double mean = weights.mean();
  return mean > 0 ? weights.squaredNorm() / (static_cast<double>(weights.size()) * mean * mean) : 1;
}

Labels Labels::permuted(const std::vector<std::int64_t>& order) const {
  Labels result = *this;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto from = static_cast<std::size_t>(order[i]);
    if (count_ > 0) {
      result.classes_[i] = classes_[from];
    } else {
      result.features_.row(static_cast<Eigen::Index>(i)) = features_.row(order[i]);
    }
  }
  return result;
}

std::vector<Labels> labels_to_try(
    LabelKernel kernel, int slices, VectorView y, MatrixView coordinates, Key key) {
  std::vector<Labels> result;
  if (kernel == LabelKernel::kLinear) return {linear_labels(y, coordinates)};
  if (kernel == LabelKernel::kSlices) result = sliced_labels(y, slices, coordinates);
  if (result.empty()) result.push_back(radial_labels(y, coordinates, key));
  return result;
}

}  // namespace thalweg::index
