#include "thalweg/index/partial_trace.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"
#include "thalweg/hermite/contraction.hpp"
#include "thalweg/index/label_transform.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::Target;

constexpr int kHighestOrder = 12;
constexpr double kFound = 1e-10;  // 1 - |<w, next w>| at which the power steps end

using Weights = std::span<const double>;

// Sums over rows in eight parts, added in order: the same bits on any number of threads.
template <typename Sum>
auto sum_of_parts(MatrixView x, Weights t, int threads, Sum sum) {
  constexpr Eigen::Index kParts = 8;
  std::vector<decltype(sum(x, t))> parts(kParts);
  parallel_for(kParts, threads, [&](std::int64_t i) {
    const Eigen::Index first = x.rows() * i / kParts, last = x.rows() * (i + 1) / kParts;
    const auto offset = static_cast<std::size_t>(first);
    const auto count = static_cast<std::size_t>(last - first);
    parts[static_cast<std::size_t>(i)] =
        sum(x.middleRows(first, last - first), t.subspan(offset, count));
  });
  auto total = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) total += parts[i];
  return total;
}

// How far the bulk of the eigenvalues reaches above and below 0. At order 2 it is skewed where the
// labels are; from order 4 up the labels are multiplied by q_m(|x|^2), of either sign, and it is
// not.
struct Sides {
  double upper = 1, lower = 1;
};

// Means of its positive and negative values, without the tenths at its ends, which may be signal
// and fluctuate. With few eigenvalues there is no bulk to speak of, and the modulus alone decides.
Sides sides_of_bulk(const Vector& values) {
  constexpr Eigen::Index kFew = 20;
  const Eigen::Index d = values.size();
  if (d < kFew) return {};
  const auto bulk = values.segment(d / 10, d - 2 * (d / 10)).array();
  const double positive = static_cast<double>((bulk > 0).count());
  const double negative = static_cast<double>((bulk < 0).count());
  if (positive == 0 || negative == 0) return {};
  return {.upper = bulk.max(0.0).sum() / positive, .lower = -bulk.min(0.0).sum() / negative};
}

class PartialTrace : public BatchEstimator {
 public:
  explicit PartialTrace(const PartialTraceOptions& options)
      : BatchEstimator("partial-trace"), options_(options) {}

 protected:
  void check(const Target& target, int dimension) const override {
    check_multi_index(name(), target, dimension, kHighestOrder);
  }

  Estimate estimate_rows(MatrixView x,
                         VectorView y,
                         const Target& target,
                         const Effort& effort) const override {
    const int k = target.order;
    Estimate estimate;
    Vector t = y.array() - y.mean();
    if (!target.label_transform && options_.choose_transform) {
      const LabelTransform transform =
          best_label_transform(k, x, y, effort.key.with("transforms"), effort.threads);
      t = transform.values;
      estimate.note = fmt::format("Label transform: {}.", transform.name);
    }
    estimate.directions = k % 2 == 1 ? traced_vector(k, x, t, effort)
                                     : traced_matrix_vectors(k, x, t, target.directions, effort);
    if (options_.refine && k >= 3 && target.directions == 1)
      estimate.directions = refined(k, x, t, estimate.directions, effort.threads);
    if (estimate.directions.cols() < target.directions)
      estimate.note += " An odd order's partial trace is one vector.";
    return estimate;
  }

 private:
  static Weights weights(const Vector& t) { return {t.data(), static_cast<std::size_t>(t.size())}; }

  static Matrix traced_vector(int k, MatrixView x, const Vector& t, const Effort& effort) {
    const Vector v =
        sum_of_parts(x, weights(t), effort.threads, [k](MatrixView rows, Weights part) {
          return hermite::partial_trace_vector(k, rows, part);
        });
    return v.normalized();
  }

  static Matrix traced_matrix_vectors(
      int k, MatrixView x, const Vector& t, int count, const Effort& effort) {
    const Matrix m =
        sum_of_parts(x, weights(t), effort.threads, [k](MatrixView rows, Weights part) {
          return hermite::partial_trace_matrix(k, rows, part);
        });
    const auto found = linalg::symmetric_eigen(m);
    const Sides sides = k == 2 ? sides_of_bulk(found.values) : Sides{};
    const auto distance = [&](Eigen::Index j) {
      const double value = found.values[j];
      return value > 0 ? value / sides.upper : -value / sides.lower;
    };
    std::vector<Eigen::Index> by_distance(static_cast<std::size_t>(x.cols()));
    std::iota(by_distance.begin(), by_distance.end(), Eigen::Index{0});
    std::stable_sort(by_distance.begin(), by_distance.end(), [&](Eigen::Index a, Eigen::Index b) {
      return distance(a) > distance(b);
    });
    by_distance.resize(static_cast<std::size_t>(count));
    return found.vectors(Eigen::all, by_distance);
  }

  // Power steps as long as |T[w^k]| grows. The step keeps the sign of T[w^k], so that w does not
  // flip to and fro where the signal of an even order is negative.
  Matrix refined(int k, MatrixView x, const Vector& t, Vector w, int threads) const {
    Vector before = w;
    double largest = 0;
    for (int step = 0; step < options_.most_steps; ++step) {
      const Vector contracted =
          sum_of_parts(x, weights(t), threads, [&](MatrixView rows, Weights part) {
            return hermite::contract_to_vector(k, rows, part, w);
          });
      const double value = contracted.dot(w);
      if (!(std::abs(value) > largest)) return before;
      largest = std::abs(value);
      before = w;
      w = (value > 0 ? contracted : Vector(-contracted)).normalized();
      if (1 - std::abs(w.dot(before)) < kFound) break;
    }
    return w;
  }

  PartialTraceOptions options_;
};

}  // namespace

std::unique_ptr<estimation::Estimator> partial_trace(const PartialTraceOptions& options) {
  return std::make_unique<PartialTrace>(options);
}

}  // namespace thalweg::index
