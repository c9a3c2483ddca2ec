#pragma once

#include <string>
#include <utility>

#include "thalweg/estimation/estimator.hpp"

namespace thalweg::index {

/// A method that looks at n rows as a whole, which it holds in memory: for every size it begins
/// again with the first rows.
class BatchEstimator : public estimation::Estimator {
 public:
  explicit BatchEstimator(std::string name) : name_(std::move(name)) {}

  std::string name() const final { return name_; }
  std::vector<estimation::Estimate> estimate(const estimation::SampleSource& source,
                                             const estimation::Target& target,
                                             std::span<const std::int64_t> samples,
                                             const estimation::Effort& effort) const final;

 protected:
  /// @throws InvalidArgument  a target that the method cannot have; called before any row is read
  virtual void check(const estimation::Target& target, int dimension) const = 0;

  /// @param x  (n, d)   @param y  (n) with the target's label transform applied, finite
  virtual estimation::Estimate estimate_rows(MatrixView x,
                                             VectorView y,
                                             const estimation::Target& target,
                                             const estimation::Effort& effort) const = 0;

 private:
  std::string name_;
};

/// @throws InvalidArgument(where, ...)  sizes not ascending, below one or beyond the rows
void check_samples(const std::string& where,
                   const estimation::SampleSource& source,
                   std::span<const std::int64_t> samples);

/// @throws InvalidArgument(where, ...)  an order outside 1..highest_order, or not 1 to `dimension`
/// directions
void check_multi_index(const std::string& where,
                       const estimation::Target& target,
                       int dimension,
                       int highest_order);

}  // namespace thalweg::index
