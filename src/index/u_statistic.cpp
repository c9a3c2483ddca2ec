#include "thalweg/index/u_statistic.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <Eigen/QR>
#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "index/labels.hpp"
#include "index/normal_scores.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/linalg/product.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::Target;

constexpr int kHighestOrder = 4;
constexpr Eigen::Index kFewestRows = 10;
constexpr Eigen::Index kEigenvaluesKept = 10;
constexpr double kWeakest = 0.1;     // of a step's largest eigenvalue
constexpr double kLeastScore = 1;    // of a trace, for its eigenvalues to be worth a look
constexpr double kAboveNull = 4;     // deviations of the largest eigenvalue of noise
constexpr double kMostKurtosis = 5;  // of responses, for the law of many rows: a normal one has 3
constexpr double kWidestTurn = 0.8;  // radians, of a coordinate with a leak
constexpr double kFirstTurn = 0.1;
constexpr int kSweeps = 2;
constexpr double kLeakLeft = 2;  // eigenvalue that may be left of it, over the trace's deviation
constexpr double kLeakShare = 0.25;  // or this share of it
constexpr int kMostLeaks = 3;
constexpr double kRowsPerScale = 2;  // n / d^{k/2} below which an order is passed over

void check(const LeapEstimateOptions& options, Eigen::Index rows, Eigen::Index d) {
  constexpr const char* where = "index::estimate_leaps";
  if (options.lowest_order < 1 || options.highest_order > kHighestOrder ||
      options.lowest_order > options.highest_order) {
    throw InvalidArgument(where,
                          fmt::format("orders go from 1 to {}; got {} to {}.",
                                      kHighestOrder,
                                      options.lowest_order,
                                      options.highest_order));
  }
  if (options.slices != 0 && (options.slices < 2 || options.slices > rows)) {
    throw InvalidArgument(
        where,
        fmt::format(
            "the number of slices must be 2 to the {} rows; got {}.", rows, options.slices));
  }
  if (options.directions < 0 || options.directions > d) {
    throw InvalidArgument(
        where,
        fmt::format(
            "can find up to the {} dimensions' directions; got {}.", d, options.directions));
  }
  if (rows < kFewestRows) {
    throw InvalidArgument(where, fmt::format("needs {} rows or more; got {}.", kFewestRows, rows));
  }
}

bool is_constant(VectorView y) { return y.minCoeff() == y.maxCoeff(); }

// U at one order, with the labels of the largest score.
struct Sight {
  int order = 0;
  Labels labels;
  hermite::UStatistic u;
  linalg::SymmetricEigen leading = {};  // of u
  double score = 0;
  Eigen::Index count = 0;  // of directions, where their number is known
};

// What a leap adds, with how many slices of y it was seen, and whether a test bore it out or it was
// taken because more must be there.
struct Step {
  EstimatedLeap leap;
  int slices = 0;
  bool tested = true;
};

/// The search for directions, one leap after the other.
///
/// Given coordinates that are slightly wrong, a link without noise shows their error at order 1 as
/// one more direction: it does lie in what is orthogonal to them. Such a leak is told by turning
/// the coordinates towards it: what then shows no more is no direction of its own, and the turned
/// coordinates are the better ones.
class Search {
 public:
  Search(MatrixView x, VectorView y, const LeapEstimateOptions& options)
      : x_(x), y_(y), options_(options), found_(x.cols(), 0) {}

  LeapEstimate run() {
    int lowest = options_.lowest_order, leaks = 0;
    while (found_.cols() < wanted() && !interrupted()) {
      const std::optional<Step> step = next_step(lowest);
      if (!step) break;
      const Eigen::Index before = found_.cols();
      add(*step);
      if (found_.cols() > before) {
        result_.leaps.push_back(step->leap);
        lowest = options_.lowest_order;
        leaks = 0;
      } else if (++leaks == kMostLeaks) {  // this order shows nothing but leaks
        lowest = step->leap.order + 1;
        leaks = 0;
      }
    }
    result_.directions = found_;
    return result_;
  }

 private:
  bool interrupted() const { return options_.interrupted && options_.interrupted(); }
  bool number_known() const { return options_.directions > 0; }

  Eigen::Index wanted() const {
    return number_known() ? options_.directions : options_.most_directions;
  }

  // Adds directions to those found; those that may be leaks only if turning does not take them up.
  void add(const Step& step) {
    const bool may_leak = step.tested && found_.cols() > 0 && step.leap.order == 1;
    for (Eigen::Index j = 0; j < step.leap.directions.cols(); ++j) {
      const Vector e = step.leap.directions.col(j);
      if (may_leak && taken_up(e, step.slices)) continue;
      Matrix all(found_.rows(), found_.cols() + 1);
      all << found_, e;
      found_ = linalg::orthonormal_basis(all);
    }
  }

  // Turns each direction found in its plane with e to where e shows least at order 1, in two
  // sweeps. Whether it is a leak: then the directions stay turned.
  bool taken_up(const Vector& e, int slices) {
    Matrix turned = coordinates(found_);
    Matrix rest = coordinates(e);
    Matrix directions = found_;
    Vector other = e;
    const auto shown = shown_given(turned, rest, slices);
    double least = shown.matrix(0, 0);
    for (Eigen::Index turn = 0; turn < kSweeps * directions.cols(); ++turn) {
      const Eigen::Index j = turn % directions.cols();
      const auto at = [&](double angle) {
        Matrix given = turned;
        given.col(j) = std::cos(angle) * turned.col(j) + std::sin(angle) * rest.col(0);
        const Matrix left = std::cos(angle) * rest - std::sin(angle) * turned.col(j);
        return shown_given(given, left, slices).matrix(0, 0);
      };
      const double best = nearest_minimum(at, least);
      const Vector w = directions.col(j), z = turned.col(j);
      directions.col(j) = std::cos(best) * w + std::sin(best) * other;
      other = std::cos(best) * other - std::sin(best) * w;
      turned.col(j) = std::cos(best) * z + std::sin(best) * rest.col(0);
      rest = std::cos(best) * rest - std::sin(best) * z;
    }
    // The trace's deviation in as many dimensions as there are besides.
    const double deviation =
        shown.trace_sd * std::sqrt(static_cast<double>(x_.cols() - found_.cols()));
    if (least > std::max(kLeakLeft * deviation, kLeakShare * shown.matrix(0, 0))) return false;
    found_ = directions;
    return true;
  }

  // Goes down from angle 0, where the value is `least`, on the steeper side, and updates that. No
  // jumps: an even link is as silent about e a quarter turn from the truth as at it.
  template <typename At>
  static double nearest_minimum(const At& at, double& least) {
    double best = 0;
    for (double step = kFirstTurn; step > 0.01; step /= 2) {
      const double move = at(best + step) < at(best - step) ? step : -step;
      while (std::abs(best + move) <= kWidestTurn) {
        const double value = at(best + move);
        if (value >= least) break;
        least = value;
        best += move;
      }
    }
    return best;
  }

  // Order 1 of the coordinate `rest` given others and y.
  hermite::UStatistic shown_given(const Matrix& given, const Matrix& rest, int slices) const {
    const auto labels = labels_to_try(options_.kernel, slices, y_, given, key("features"));
    return labels.front().statistic(1, rest, options_.threads);
  }

  std::optional<Step> next_step(int lowest) {
    const Matrix basis = complement();
    const Matrix projected = found_.cols() > 0 ? coordinates(basis) : Matrix(0, 0);
    const MatrixView x = found_.cols() > 0 ? MatrixView(projected) : x_;
    const std::vector<Labels> labels =
        labels_to_try(options_.kernel, options_.slices, y_, coordinates(found_), key("features"));
    const bool told = options_.directions == 1 && options_.lowest_order == options_.highest_order;
    std::optional<Sight> best;
    for (int k = options_.lowest_order; k <= options_.highest_order; ++k) {
      if (k < lowest && lowest <= options_.highest_order) continue;
      if (!enough_rows(k, basis.cols()) && (best || !number_known())) break;
      if (interrupted()) return std::nullopt;
      Sight sight = look(k, x, labels);
      if (!told && k >= lowest && worth_counting(sight, labels.size())) {
        if (auto leap = counted(sight, x, basis, labels.size()))
          return Step{.leap = *std::move(leap), .slices = sight.labels.slices()};
      }
      if (!best || sight.score > best->score) best = std::move(sight);
    }
    if (!number_known() || !best) return std::nullopt;
    return Step{.leap = leap_of(*best, basis, best->count, 0),
                .slices = best->labels.slices(),
                .tested = false};
  }

  Sight look(int k, MatrixView x, const std::vector<Labels>& labels) const {
    std::optional<Sight> best;
    const auto kept = std::min(x.cols(), std::max(kEigenvaluesKept, wanted() + 1));
    for (const Labels& candidate : labels) {
      Sight sight{
          .order = k, .labels = candidate, .u = candidate.statistic(k, x, options_.threads)};
      sight.leading = linalg::leading_eigenpairs(sight.u.matrix, static_cast<int>(kept));
      score(sight);
      if (!best || sight.score > best->score) best = std::move(sight);
    }
    return *std::move(best);
  }

  // Where the number of directions is known, how far eigenvalues stand out: one strong direction
  // does where the trace is mostly noise. Else the trace; and where few responses outweigh the
  // others, as those have larger eigenvalues than the law of many rows.
  void score(Sight& sight) const {
    sight.score = sight.u.z();
    if (!number_known()) return;
    const Vector& values = sight.leading.values;
    const Eigen::Index most = std::min(wanted() - found_.cols(), values.size());
    if (by_trace(sight)) {
      sight.count = before_largest_gap(values, most);
    } else {
      score_by_prominence(sight, sight.u.prominence(values.head(most)));
    }
  }

  bool by_trace(const Sight& sight) const {
    return !number_known() || sight.labels.kurtosis() > kMostKurtosis;
  }

  // The sum of prominences over the root of their number, for as many as make it the largest.
  static void score_by_prominence(Sight& sight, const Vector& prominence) {
    double sum = 0;
    for (Eigen::Index m = 1; m <= prominence.size(); ++m) {
      sum += prominence[m - 1];
      const double score = sum / std::sqrt(static_cast<double>(m));
      if (m > 1 && score <= sight.score) continue;
      sight.score = score;
      sight.count = m;
    }
  }

  static Eigen::Index before_largest_gap(const Vector& values, Eigen::Index most) {
    Eigen::Index count = 1;
    const auto gap = [&](Eigen::Index j) { return values[j - 1] - values[j]; };
    for (Eigen::Index j = 2; j <= most && j < values.size(); ++j)
      if (gap(j) > gap(count)) count = j;
    return count;
  }

  // Beyond the share of the false-alarm rate that one of all these tests has.
  bool shows(const Sight& sight, std::size_t slicings) const {
    const double tests = static_cast<double>(slicings) * static_cast<double>(wanted()) *
                         (options_.highest_order - options_.lowest_order + 1);
    return sight.u.z() > normal_quantile(1 - options_.false_alarm / tests);
  }

  // A direction stands out among eigenvalues before the trace does.
  bool worth_counting(const Sight& sight, std::size_t slicings) const {
    if (!number_known()) return sight.score > kLeastScore;
    return by_trace(sight) ? shows(sight, slicings) : sight.score > kAboveNull;
  }

  // Where their number is known, the directions of the largest score; else as many as eigenvalues
  // stand out from those of permuted labels.
  std::optional<EstimatedLeap> counted(const Sight& sight,
                                       MatrixView x,
                                       const Matrix& basis,
                                       std::size_t slicings) {
    if (number_known()) return leap_of(sight, basis, sight.count, 0);
    const Vector& values = sight.leading.values;
    const Eigen::Index most = wanted() - found_.cols();
    const double threshold = null_threshold(sight, x);
    // Noise beside a strong direction is not the noise of permuted labels; a weak direction that
    // is passed over here shows in the next step.
    const double least = std::max(threshold, kWeakest * values[0]);
    const auto count = static_cast<Eigen::Index>((values.array() > least).count());
    if (count > 0) return leap_of(sight, basis, std::min(count, most), threshold);
    if (shows(sight, slicings)) {
      result_.note = fmt::format(
          "Order {} shows (z = {:.1f}), but none of its directions stands out: more rows would "
          "tell.",
          sight.order,
          sight.u.z());
    }
    return std::nullopt;
  }

  // Mean and deviations of the largest eigenvalue with permuted labels.
  double null_threshold(const Sight& sight, MatrixView x) const {
    Eigen::ArrayXd largest(options_.permutations);
    for (int i = 0; i < options_.permutations; ++i) {
      const auto order =
          random_permutation(x.rows(), key("permutations").with(static_cast<std::uint64_t>(i)));
      const auto u = sight.labels.permuted(order).statistic(sight.order, x, options_.threads);
      largest[i] = linalg::leading_eigenpairs(u.matrix, 1).values[0];
    }
    const double spread = (largest - largest.mean()).square().sum();
    return largest.mean() + kAboveNull * std::sqrt(spread / (options_.permutations - 1));
  }

  EstimatedLeap leap_of(const Sight& sight,
                        const Matrix& basis,
                        Eigen::Index count,
                        double threshold) const {
    return {.order = sight.order,
            .directions = basis * sight.leading.vectors.leftCols(count),
            .z = sight.u.z(),
            .strength = sight.u.matrix.trace(),
            .classes = sight.labels.classes(),
            .eigenvalues = sight.leading.values,
            .threshold = threshold};
  }

  bool enough_rows(int k, Eigen::Index d) {
    const double needed = kRowsPerScale * std::pow(static_cast<double>(d), std::max(1.0, 0.5 * k));
    if (static_cast<double>(x_.rows()) >= needed) return true;
    result_.note = fmt::format("Not enough rows for order {}: it needs about {:.0f}.", k, needed);
    return false;
  }

  // An orthonormal basis of what is orthogonal to the directions found.
  Matrix complement() const {
    const Eigen::Index d = x_.cols();
    if (found_.cols() == 0) return Matrix::Identity(d, d);
    const Matrix q = Eigen::HouseholderQR<Matrix>(found_).householderQ();
    return q.rightCols(d - found_.cols());
  }

  Matrix coordinates(const Matrix& directions) const {
    Matrix result = Matrix::Zero(x_.rows(), directions.cols());
    linalg::add_product(1, x_, linalg::Form::kPlain, directions, linalg::Form::kPlain, result);
    return result;
  }

  Key key(std::string_view purpose) const {
    return options_.key.with(purpose).with(static_cast<std::uint64_t>(found_.cols()));
  }

  MatrixView x_;
  VectorView y_;
  const LeapEstimateOptions& options_;
  Matrix found_;  // (d, s)
  LeapEstimate result_;
};

class UStatisticEstimator : public BatchEstimator {
 public:
  explicit UStatisticEstimator(const UStatisticOptions& options)
      : BatchEstimator("u-statistic"), options_(options) {}

 protected:
  void check(const Target& target, int dimension) const override {
    check_multi_index(name(), target, dimension, kHighestOrder);
  }

  Estimate estimate_rows(MatrixView x,
                         VectorView y,
                         const Target& target,
                         const Effort& effort) const override {
    if (y.size() < kFewestRows || is_constant(y)) {
      return {.directions = Matrix(x.cols(), 0),
              .note = fmt::format("u-statistic needs {} rows and a response that varies.",
                                  kFewestRows)};
    }
    const LeapEstimate found =
        estimate_leaps(x,
                       y,
                       {.kernel = options_.kernel,
                        .slices = std::min(options_.slices, static_cast<int>(y.size())),
                        .lowest_order = target.directions == 1 ? target.order : 1,
                        .highest_order = target.order,
                        .directions = target.directions,
                        .key = effort.key,
                        .threads = effort.threads,
                        .interrupted = effort.interrupted});
    return {.directions = found.directions, .note = found.note};
  }

 private:
  UStatisticOptions options_;
};

}  // namespace

LeapEstimate estimate_leaps(MatrixView x, VectorView y, const LeapEstimateOptions& options) {
  check(options, x.rows(), x.cols());
  if (is_constant(y)) {
    throw InvalidArgument("index::estimate_leaps",
                          "the response does not vary, so that no direction can drive it.");
  }
  LeapEstimateOptions limited = options;
  const auto most = static_cast<int>(std::max<Eigen::Index>(1, x.cols() / 4));
  limited.most_directions = std::min(options.most_directions, most);
  return Search(x, y, limited).run();
}

std::unique_ptr<estimation::Estimator> u_statistic(const UStatisticOptions& options) {
  return std::make_unique<UStatisticEstimator>(options);
}

}  // namespace thalweg::index
