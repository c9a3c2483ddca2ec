#include "thalweg/index/sample_leap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "index/cells.hpp"
#include "index/hermite_basis.hpp"
#include "index/leap_search.hpp"
#include "index/significance.hpp"
#include "index/standardise.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/leap_explanation.hpp"
#include "thalweg/index/slices.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

constexpr Eigen::Index kFewestRows = 100, kMostColumns = 4;
constexpr int kMostOrder = 6, kRowsPerSlice = 20;
constexpr std::array kSlices = {5, 15, 50};
constexpr double kWidestTurn = 0.25;  // radians, of a direction with a leak
constexpr double kLeakShare = 0.25;   // of a leak, that may be left of it
constexpr Eigen::Index kTurns = 2;

void check(MatrixView x, VectorView y, const SampleLeapOptions& options) {
  if (x.rows() != y.size() || x.rows() < kFewestRows || x.cols() < 1 || x.cols() > kMostColumns) {
    throw InvalidArgument(
        options.where,
        fmt::format("needs {} rows or more of 1 to {} columns, and a response for each; got {} "
                    "rows of {} columns and {} responses.",
                    kFewestRows,
                    kMostColumns,
                    x.rows(),
                    x.cols(),
                    y.size()));
  }
  if (options.max_order < 1 || options.max_order > kMostOrder || !(options.false_alarm >= 1e-4) ||
      !(options.false_alarm < 1)) {
    throw InvalidArgument(options.where,
                          fmt::format("needs max_order from 1 to {} and false_alarm from 1e-4 "
                                      "to 1; got {} and {}.",
                                      kMostOrder,
                                      options.max_order,
                                      options.false_alarm));
  }
}

/// The functions of order k in s + q coordinates that are not of the first s alone: products of
/// functions of those and of functions of order 1 ... k of the others.
std::pair<Matrix, Matrix> split_values(const Matrix& first, const Matrix& others, int k) {
  const auto all = HermiteBasis(static_cast<int>(first.cols() + others.cols()), k).size();
  const auto alone = HermiteBasis(static_cast<int>(first.cols()), k).size();
  Matrix kept(first.rows(), all - alone), moved(first.rows(), all - alone);
  Eigen::Index column = 0;
  for (int j = 0; j < k; ++j) {
    const Matrix of_first = HermiteBasis(static_cast<int>(first.cols()), j).values(first);
    const Matrix of_others = HermiteBasis(static_cast<int>(others.cols()), k - j).values(others);
    for (Eigen::Index a = 0; a < of_first.cols(); ++a) {
      for (Eigen::Index b = 0; b < of_others.cols(); ++b, ++column) {
        kept.col(column) = of_first.col(a);
        moved.col(column) = of_others.col(b);
      }
    }
  }
  return {std::move(kept), std::move(moved)};
}

/// Leaps of whitened rows.
class SampleSearch {
 public:
  SampleSearch(Matrix z, VectorView y, const SampleLeapOptions& options)
      : z_(std::move(z)), options_(options) {
    // Every order of every leap is a test, and so is the number of directions of every leap.
    const auto tests = static_cast<double>(z_.cols() * (options.max_order + 1));
    draws_ = static_cast<int>(std::ceil(tests / options.false_alarm)) - 1;
    for (const int count : kSlices) {
      if (z_.rows() >= count * kRowsPerSlice)
        slices_.push_back(slices_of({y.data(), static_cast<std::size_t>(y.size())}, count));
    }
  }

  SampleLeaps run() {
    result_.leaps = find_leaps(static_cast<int>(z_.cols()), options_.max_order, [&](Frame& frame) {
      return around(frame);
    });
    return std::move(result_);
  }

 private:
  SightAt around(Frame& frame) {
    partitions_ = partitions_around(frame.found);
    if (partitions_.empty()) {
      result_.note =
          fmt::format("{} rows are too few to look for more, given what was found.", z_.rows());
    } else {
      result_.tests.emplace_back();
      if (frame.found.cols() > 0) take_up_leaks(frame);
    }
    return [this, found = frame.found.cols(), rest = frame.rest](const HermiteBasis& basis) {
      return look(basis, rest, found > 0);
    };
  }

  std::vector<Cells> partitions_around(const Matrix& found) const {
    std::vector<Cells> partitions;
    for (const Slices& slices : slices_) {
      const int bins = bins_for(z_.rows(), slices.count, found.cols());
      if (found.cols() > 0 && bins < 2) continue;
      Cells cells = cells_of(slices, z_ * found, bins);
      if (partitions.empty() || !(cells == partitions.back()))
        partitions.push_back(std::move(cells));
    }
    return partitions;
  }

  /// Given coordinates that are slightly wrong, a link without noise shows their error at order 1:
  /// y = z_1 s(z_2) and z_1 + e z_3 tell much about z_3. Such a leak is told by turning the
  /// directions found towards it: where it then vanishes, the turned directions are the better
  /// ones.
  void take_up_leaks(Frame& frame) {
    const double shown = strongest_first_order(frame);
    const Significance test(partitions_, z_ * frame.rest);
    if (shown <= kLaterStrength || !beyond(test, 0, 0)) return;
    Frame turned = frame;
    double left = shown;
    for (Eigen::Index turn = 0; turn < kTurns * frame.rest.cols() && left > kLaterStrength;
         ++turn) {
      turned = turned_towards(turned, leading_first_order(turned));
      left = strongest_first_order(turned);
    }
    if (left > std::max(kLaterStrength, kLeakShare * shown)) return;
    frame = turned;
    partitions_ = partitions_around(frame.found);
  }

  /// The directions found, each turned in its plane with e to where order 1 shows least.
  Frame turned_towards(const Frame& frame, const Vector& e) const {
    Matrix found = frame.found;
    Vector other = e;
    double least = strongest_first_order(frame);
    for (Eigen::Index j = 0; j < found.cols(); ++j) {
      const Vector w = found.col(j), v = other;
      const auto at = [&](double angle) {
        Matrix tried = found;
        tried.col(j) = std::cos(angle) * w + std::sin(angle) * v;
        return tried;
      };
      double best = 0;
      for (double step = kWidestTurn / 2; step > kWidestTurn / 100; step /= 2) {
        const double middle = best;
        for (const double angle : {middle - step, middle + step}) {
          const double strength = strongest_first_order(frame_around(at(angle)));
          if (strength >= least) continue;
          least = strength;
          best = angle;
        }
      }
      found = at(best);
      other = std::cos(best) * v - std::sin(best) * w;
    }
    return frame_around(found);
  }

  /// ||zeta_1||^2 of what is left, the largest over partitions.
  double strongest_first_order(const Frame& frame) const {
    const Matrix rest = z_ * frame.rest;
    double strongest = 0;
    for (const Cells& cells : partitions_around(frame.found))
      strongest = std::max(strongest, strength_between(cells, rest));
    return strongest;
  }

  /// Its leading direction (r), for the finest partition: leaks are sharp.
  Vector leading_first_order(const Frame& frame) const {
    const HermiteBasis basis(static_cast<int>(frame.rest.cols()), 1);
    const Matrix moments = moments_between(
        partitions_around(frame.found).back(), z_, frame.rest, basis, options_.threads);
    return frame.rest * linalg::leading_eigenpairs(basis.unfolding_gram(moments), 1).vectors.col(0);
  }

  Sight look(const HermiteBasis& basis, const Matrix& rest, bool later) {
    const Matrix none(rest.cols(), 0);
    if (partitions_.empty()) return {.directions = none};
    const Matrix coordinates = z_ * rest;
    const Matrix values = basis.values(coordinates);
    const Significance test(partitions_, values);
    const Cells& cells = partitions_[test.best()];
    const auto [strength, se] = estimate_between(cells, values);
    const double floor = later ? kLaterStrength : 0;
    const bool shows = strength > floor && beyond(test, basis.order(), 0);
    result_.tests.back().push_back(
        {.order = basis.order(),
         .shows = shows,
         .strength = strength,
         .se = se,
         .z_score = test.score(),
         .resolvable =
             std::max(floor, resolvable(partitions_.front(), basis.size(), 1.0 / (draws_ + 1))),
         .cells = static_cast<int>(cells.count())});
    if (!shows) return {.strength = strength, .directions = none};
    const auto eigen = linalg::symmetric_eigen(
        basis.unfolding_gram(moments_between(cells, z_, rest, basis, options_.threads)));
    const double least = std::max(floor / basis.order(), kShare * eigen.values[0]);
    const auto most = (eigen.values.array() > least).count();
    Eigen::Index count = 1;
    while (count < most && more_than(count, coordinates * eigen.vectors, basis.order())) ++count;
    return {.strength = strength, .directions = eigen.vectors.leftCols(count)};
  }

  /// Whether more shows at order k than the first `count` of the coordinates tell.
  bool more_than(Eigen::Index count, const Matrix& coordinates, int k) const {
    const Matrix first = coordinates.leftCols(count);
    const Matrix others = coordinates.rightCols(coordinates.cols() - count);
    auto [kept, moved] = split_values(first, others, k);
    return beyond(
        Significance(partitions_, std::move(moved), std::move(kept)), k, static_cast<int>(count));
  }

  bool beyond(const Significance& test, int order, int directions) const {
    const Key key = options_.key.with("draws")
                        .with(result_.tests.size())
                        .with(static_cast<std::uint64_t>(order * kMostColumns + directions));
    return test.beyond(draws_, key, options_.threads);
  }

  Matrix z_;
  const SampleLeapOptions& options_;
  int draws_ = 0;
  std::vector<Slices> slices_;
  std::vector<Cells> partitions_;
  SampleLeaps result_;
};

}  // namespace

SampleLeaps sample_leaps(MatrixView x, VectorView y, const SampleLeapOptions& options) {
  check(x, y, options);
  const auto whitening = *standardise(options.where, x, options.names);
  // In the order of y, rows of one cell lie side by side.
  std::vector<Eigen::Index> order(static_cast<std::size_t>(y.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::ranges::stable_sort(order, {}, [&](Eigen::Index i) { return y[i]; });
  SampleLeaps result = SampleSearch(whitening.rows(x(order, Eigen::all)), y(order), options).run();
  if (result.leaps.steps.empty()) return result;
  const Matrix weights =
      whitening.l.rowwise().norm().asDiagonal() *
      whitening.l.transpose().triangularView<Eigen::Upper>().solve(result.leaps.directions);
  result.weights = leap_bases(result.leaps, weights);
  return result;
}

}  // namespace thalweg::index
