#pragma once

#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/hermite/u_statistic.hpp"
#include "thalweg/index/u_statistic.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Labels as a kernel sees them: classes, or features whose inner products it is.
class Labels {
 public:
  /// @param slices  of y in every cell of the coordinates, about
  Labels(std::vector<int> classes, int slices);
  explicit Labels(Matrix features) : features_(std::move(features)) {}

  int classes() const { return count_; }  ///< 0 for features
  int slices() const { return slices_; }  ///< 0 for features
  /// Mean K_ii^2 over its squared mean for features: 1 if all rows weigh the same, 3 for products
  /// of a normal response. 1 for classes.
  double kurtosis() const;
  hermite::UStatistic statistic(int k, MatrixView x, int threads) const;
  Labels permuted(const std::vector<std::int64_t>& order) const;
  bool same_classes(const Labels& other) const { return classes_ == other.classes_; }

 private:
  std::vector<int> classes_;
  int count_ = 0, slices_ = 0;
  Matrix features_;
};

/// The labels to try: y together with the coordinates found before.
///
/// Slices: cells of six quantile bins of every coordinate (fewer where a cell would hold less than
/// 20 rows), and in each cell about 5, 10, 20 or 50 slices of y with 10 rows or more. Where not
/// even two bins can be had, and for the radial kernel: one Gaussian kernel on scores and
/// coordinates.
/// @param slices  that many instead of 5, 10, 20 and 50; 0: those   @param coordinates  (n, s), s =
/// 0 at first
std::vector<Labels> labels_to_try(
    LabelKernel kernel, int slices, VectorView y, MatrixView coordinates, Key key);

}  // namespace thalweg::index
