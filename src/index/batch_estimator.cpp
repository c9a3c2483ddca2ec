#include "index/batch_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::SampleSource;
using estimation::Target;

constexpr std::int64_t kBlockRows = 256;

void check_finite(const std::string& where, MatrixView x, VectorView y, std::int64_t first) {
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    if (std::isfinite(y[i]) && x.row(i).allFinite()) continue;
    throw NonFinite(where,
                    fmt::format("row {} holds a NaN or an infinity; transform or drop such rows.",
                                first + i + 1));
  }
}

}  // namespace

void check_samples(const std::string& where,
                   const SampleSource& source,
                   std::span<const std::int64_t> samples) {
  std::int64_t before = 0;
  for (const std::int64_t n : samples) {
    if (n <= before || n > source.rows()) {
      throw InvalidArgument(
          where,
          fmt::format("sample sizes must ascend from 1 to the {} rows; got {} after {}.",
                      source.rows(),
                      n,
                      before));
    }
    before = n;
  }
}

void check_multi_index(const std::string& where,
                       const Target& target,
                       int dimension,
                       int highest_order) {
  if (target.order < 1 || target.order > highest_order) {
    throw InvalidArgument(
        where, fmt::format("the order must be 1 to {}; got {}.", highest_order, target.order));
  }
  if (target.directions < 1 || target.directions > dimension) {
    throw InvalidArgument(
        where,
        fmt::format(
            "can find 1 to the {} dimensions' directions; got {}.", dimension, target.directions));
  }
}

std::vector<Estimate> BatchEstimator::estimate(const SampleSource& source,
                                               const Target& target,
                                               std::span<const std::int64_t> samples,
                                               const Effort& effort) const {
  check_samples(name(), source, samples);
  check(target, source.dimension());
  const std::int64_t most = samples.empty() ? 0 : samples.back();
  Matrix x(most, source.dimension());
  Vector y(most);
  std::int64_t ready = 0;
  std::vector<Estimate> estimates;
  for (const std::int64_t n : samples) {
    if (effort.interrupted && effort.interrupted()) break;
    const std::int64_t blocks = (n - ready + kBlockRows - 1) / kBlockRows;
    parallel_for(blocks, effort.threads, [&](std::int64_t block) {
      const std::int64_t first = ready + block * kBlockRows;
      const std::int64_t rows = std::min(kBlockRows, n - first);
      auto y_block = y.segment(first, rows);
      source.read(first, x.middleRows(first, rows), y_block);
      if (target.label_transform) y_block = y_block.unaryExpr(target.label_transform).eval();
      check_finite(name(), x.middleRows(first, rows), y_block, first);
    });
    ready = n;
    Estimate estimate = estimate_rows(x.topRows(n), y.head(n), target, effort);
    if (effort.interrupted && effort.interrupted()) break;  // it may be half done
    estimates.push_back(std::move(estimate));
  }
  return estimates;
}

}  // namespace thalweg::index
