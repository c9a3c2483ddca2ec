#include "thalweg/index/leap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "index/cells.hpp"
#include "index/hermite_basis.hpp"
#include "index/leap_search.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/hermite/quadrature.hpp"
#include "thalweg/index/slices.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

constexpr double kFirstStrength = 3e-3;  // of ||zeta_k||^2, to count as not zero
constexpr double kDeviations = 6;        // of the null law

/// Second moments (size, size) of the coefficients of zeta_k in a HermiteBasis.
struct Moments {
  Matrix matrix;
  double null_deviation = 0;  ///< of its trace
};

/// What shows at the orders of one leap.
using MomentsAt = std::function<Moments(const HermiteBasis& basis)>;
using MomentSource = std::function<MomentsAt(const Frame& frame)>;

void check(const LeapOptions& options) {
  if (options.max_order < 1 || options.max_order > 6 || options.points < 10'000) {
    throw InvalidArgument("index::leaps",
                          fmt::format("needs max_order from 1 to 6 and 10,000 points or more; got "
                                      "{} and {}.",
                                      options.max_order,
                                      options.points));
  }
}

void require_finite(const estimation::LinkFunction& link, const Matrix& z, const Vector& y) {
  if (y.allFinite()) return;
  const auto bad = (y.array().isFinite() == false).eval();
  Eigen::Index first = 0;
  bad.maxCoeff(&first);
  std::vector<std::string> place;
  for (Eigen::Index j = 0; j < z.cols(); ++j)
    place.push_back(fmt::format("z{} = {:.2g}", j + 1, z(first, j)));
  throw InvalidArgument("link '" + link.text() + "'",
                        fmt::format("the link is infinite or undefined at {} of {} points, such as "
                                    "{}; give one that is finite for almost every z.",
                                    bad.count(),
                                    bad.size(),
                                    join(place, ", ")));
}

/// Flips of signs, as diagonals of +-1, under which f keeps its level sets: f(g z) = +-f(z) at all
/// of a few points. What shows at an order is then invariant under g.
std::vector<Vector> sign_symmetries(const estimation::LinkFunction& link) {
  constexpr Eigen::Index kPoints = 64;
  const int r = link.variables();
  Matrix z(kPoints, r);
  fill_normal(std::span<double>(z.data(), static_cast<std::size_t>(z.size())),
              Key{}.with("sign symmetries"));
  const auto responses = [&](const Matrix& points) {
    Vector y(kPoints);
    link.evaluate({points.data(), static_cast<std::size_t>(points.size())},
                  {y.data(), static_cast<std::size_t>(y.size())});
    return y;
  };
  const Vector y = responses(z);
  const double rounding = 1e-12 * y.cwiseAbs().maxCoeff();
  std::vector<Vector> symmetries;
  for (int mask = 0; mask < 1 << r; ++mask) {
    Vector signs(r);
    for (int i = 0; i < r; ++i) signs[i] = (mask >> i) % 2 == 0 ? 1 : -1;
    const Vector flipped = responses(z * signs.asDiagonal());
    if ((flipped - y).cwiseAbs().maxCoeff() <= rounding ||
        (flipped + y).cwiseAbs().maxCoeff() <= rounding)
      symmetries.push_back(signs);
  }
  return symmetries;
}

/// The Gram matrix of the directions in `rest`, averaged over the symmetries: they then lie where
/// they belong, and no error of theirs leaks into the next leap.
Matrix symmetrised(const Matrix& gram, const Matrix& rest, const std::vector<Vector>& symmetries) {
  if (symmetries.empty()) return gram;
  const Matrix hidden = rest * gram * rest.transpose();
  Matrix mean = Matrix::Zero(hidden.rows(), hidden.cols());
  for (const Vector& signs : symmetries) mean += signs.asDiagonal() * hidden * signs.asDiagonal();
  return rest.transpose() * mean * rest / static_cast<double>(symmetries.size());
}

/// The directions of a tensor whose strength is beyond doubt.
Matrix directions_of(const Moments& moments,
                     const HermiteBasis& basis,
                     const Frame& frame,
                     const std::vector<Vector>& symmetries) {
  const double threshold = frame.found.cols() == 0 ? kFirstStrength : kLaterStrength;
  const double strength = moments.matrix.trace();
  if (strength <= std::max(threshold, kDeviations * moments.null_deviation))
    return Matrix(frame.rest.cols(), 0);
  const auto eigen = linalg::symmetric_eigen(
      symmetrised(basis.unfolding_gram(moments.matrix), frame.rest, symmetries));
  const double least = std::max(threshold / basis.order(), kShare * eigen.values[0]);
  return eigen.vectors.leftCols((eigen.values.array() > least).count());
}

Leaps leaps_of(const estimation::LinkFunction& link,
               const LeapOptions& options,
               const MomentSource& moments_around) {
  const auto symmetries = sign_symmetries(link);
  return find_leaps(link.variables(), options.max_order, [&](const Frame& frame) -> SightAt {
    return [&symmetries, frame, moments_at = moments_around(frame)](const HermiteBasis& basis) {
      const Moments moments = moments_at(basis);
      return Sight{.strength = moments.matrix.trace(),
                   .directions = directions_of(moments, basis, frame, symmetries)};
    };
  });
}

/// A sample of hidden points and their responses.
class HiddenSample {
 public:
  HiddenSample(const estimation::LinkFunction& link, const LeapOptions& options)
      : threads_(options.threads), z_(options.points, link.variables()), y_(options.points) {
    const auto size = static_cast<std::size_t>(z_.size());
    fill_normal(std::span<double>(z_.data(), size), options.key.with("hidden points"));
    link.evaluate({z_.data(), size}, {y_.data(), static_cast<std::size_t>(y_.size())});
    require_finite(link, z_, y_);
    constexpr int kSlices = 60;
    slices_ = slices_of({y_.data(), static_cast<std::size_t>(y_.size())}, kSlices);
  }

  /// Unbiased: products of two different points of a cell only.
  MomentsAt around(const Frame& frame) const {
    const int bins = std::max(2, bins_for(z_.rows(), slices_.count, frame.found.cols()));
    return [this, cells = cells_of(slices_, z_ * frame.found, bins), rest = frame.rest](
               const HermiteBasis& basis) {
      return Moments{.matrix = moments_between(cells, z_, rest, basis, threads_),
                     .null_deviation = null_deviation(cells, basis.size())};
    };
  }

 private:
  int threads_;
  Matrix z_;
  Vector y_;
  Slices slices_;
};

/// All points of the tensor product of a rule with itself, a row each, and their weights.
struct Grid {
  Matrix points;
  Vector weights;
};

Grid tensor_grid(const hermite::QuadratureRule& rule, Eigen::Index variables) {
  const auto n = static_cast<Eigen::Index>(rule.nodes.size());
  Grid grid{.points = Matrix(1, 0), .weights = Vector::Ones(1)};
  for (Eigen::Index j = 0; j < variables; ++j) {
    const Eigen::Index size = grid.weights.size();
    Grid next{.points = Matrix(size * n, j + 1), .weights = Vector(size * n)};
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index k = 0; k < n; ++k) {
        next.points.row(i * n + k) << grid.points.row(i), rule.nodes[static_cast<std::size_t>(k)];
        next.weights[i * n + k] = grid.weights[i] * rule.weights[static_cast<std::size_t>(k)];
      }
    }
    grid = std::move(next);
  }
  return grid;
}

/// E[f(Z)] by equal weights h phi(x) on equally spaced nodes: exact to rounding for polynomials and
/// other entire functions, and at a jump no worse than any other rule of as many nodes.
hermite::QuadratureRule equally_spaced(int nodes, bool shifted) {
  constexpr double kRange = 10;
  const double h = 2 * kRange / nodes;
  hermite::QuadratureRule rule;
  for (int i = 0; i < nodes; ++i) {
    const double x = h * (i + (shifted ? 0 : 0.5)) - kRange;
    rule.nodes.push_back(x);
    rule.weights.push_back(h * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi));
  }
  return rule;
}

/// The raw response under the normal law, on tensor grids.
class HiddenIntegral {
 public:
  HiddenIntegral(const estimation::LinkFunction& link, int threads)
      : link_(link), threads_(threads), nodes_(nodes_for(link.variables())) {
    const Grid grid = tensor_grid(equally_spaced(nodes_, false), link.variables());
    const Vector y = responses(grid.points);
    mean_ = grid.weights.dot(y);
    variance_ = grid.weights.dot((y.array() - mean_).square().matrix());
    if (!(variance_ > 0)) throw InvalidArgument("link '" + link.text() + "'", "is constant.");
  }

  /// E over found coordinates u of c(u) c(u)^T, c_m(u) = E[y b_m(v) | u], y of variance one. Two
  /// grids of v, one between the nodes of the other, differ where jumps are not resolved.
  MomentsAt around(const Frame& frame) const {
    const Grid outer = tensor_grid(equally_spaced(nodes_, false), frame.found.cols());
    std::array<Inner, 2> inner = {inner_grid(frame, outer, false), inner_grid(frame, outer, true)};
    return [this, weights = outer.weights, inner = std::move(inner)](const HermiteBasis& basis) {
      const Matrix a = inner[0].coefficients(basis), b = inner[1].coefficients(basis);
      const Matrix mean = (a + b) / 2;
      const Vector unresolved = ((a - b) / 2).rowwise().squaredNorm();
      return Moments{.matrix = mean.transpose() * weights.asDiagonal() * mean / variance_,
                     .null_deviation = weights.dot(unresolved) / variance_};
    };
  }

 private:
  struct Inner {
    Matrix points;    ///< v
    Matrix weighted;  ///< y(u, v) P(v), a row for each u

    Matrix coefficients(const HermiteBasis& basis) const { return weighted * basis.values(points); }
  };

  static int nodes_for(int variables) {
    constexpr std::array kNodes = {4000, 600, 80, 28};
    return kNodes.at(static_cast<std::size_t>(variables - 1));
  }

  Inner inner_grid(const Frame& frame, const Grid& outer, bool shifted) const {
    const Grid grid = tensor_grid(equally_spaced(nodes_, shifted), frame.rest.cols());
    const Matrix inside = grid.points * frame.rest.transpose();
    Matrix weighted(outer.points.rows(), grid.points.rows());
    parallel_for(outer.points.rows(), threads_, [&](std::int64_t i) {
      const Vector offset = frame.found * outer.points.row(i).transpose();
      const Vector y = responses(inside.rowwise() + offset.transpose());
      weighted.row(i) = ((y.array() - mean_) * grid.weights.array()).transpose();
    });
    return {.points = grid.points, .weighted = std::move(weighted)};
  }

  Vector responses(const Matrix& z) const {
    Vector y(z.rows());
    link_.evaluate({z.data(), static_cast<std::size_t>(z.size())},
                   {y.data(), static_cast<std::size_t>(y.size())});
    require_finite(link_, z, y);
    return y;
  }

  const estimation::LinkFunction& link_;
  int threads_, nodes_;
  double mean_ = 0, variance_ = 0;
};

}  // namespace

Leaps generative_leaps(const estimation::LinkFunction& link, const LeapOptions& options) {
  check(options);
  const HiddenSample sample(link, options);
  return leaps_of(link, options, [&](const Frame& frame) { return sample.around(frame); });
}

Leaps information_leaps(const estimation::LinkFunction& link, const LeapOptions& options) {
  check(options);
  const HiddenIntegral integral(link, options.threads);
  return leaps_of(link, options, [&](const Frame& frame) { return integral.around(frame); });
}

}  // namespace thalweg::index
