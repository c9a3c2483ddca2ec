#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include "index/normal_moments.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/hermite/quadrature.hpp"
#include "thalweg/index/generative_exponent.hpp"

namespace thalweg::index {
namespace {

constexpr double kReach = 9;  // deviations of the noise: the rest is 1e-19
constexpr std::size_t kMostNodes = 4'000'000;
constexpr int kPanelNodes = 24;
constexpr double kWidestPanel = 0.5, kFarthestPanel = 6;  // in z, and in deviations of the noise

/// A node of the quadrature over z: P(Z near it) = weight.
struct Node {
  double response, z, weight;
};

/// How far f travels over |z| < reach.
double travel(const estimation::LinkFunction& link, const LevelSets& sets, double reach) {
  double total = 0;
  for (const Branch& branch : sets.branches()) {
    const std::array z = {std::max(branch.from, -reach), std::min(branch.to, reach)};
    if (!(z[0] < z[1])) continue;
    std::array<double, 2> y;
    link.evaluate(z, y);
    total += std::abs(y[1] - y[0]);
  }
  return total;
}

/// |z| up to which nodes are set: where h_K(Z)^2 carries nothing beyond, or nearer if the link
/// moves so far that they would be too many.
double choose_reach(const estimation::LinkFunction& link,
                    const LevelSets& sets,
                    int max_order,
                    double level) {
  const auto carried = [&](double x) {
    const double h = hermite::hermite(max_order, x);
    return normal_density(x) * (1 + h * h);
  };
  constexpr double kFinest = 0.25, kNearest = 3;
  double reach = hermite::kRange;
  while (carried(reach - kFinest) < 1e-13) reach -= kFinest;
  const double most = kMostNodes / 4 / kPanelNodes * kFarthestPanel * level;
  while (travel(link, sets, reach) > most) {
    reach -= kFinest;
    if (reach < kNearest) {
      throw InvalidArgument(
          "--noise",
          fmt::format("noise of level {} is too small beside the range of the link for its "
                      "conditional moments to be integrated; use a larger one, or none.",
                      level));
    }
  }
  return reach;
}

/// Panels of a branch over which f moves by a few deviations of the noise at most, and which grow
/// finer towards its ends, where f may have a root's slope.
void add_panels(const estimation::LinkFunction& link,
                double from,
                double to,
                double level,
                std::vector<double>& edges) {
  std::vector<double> points = {from, to};
  for (double part = 0.25; part > 1e-7; part /= 4) {
    points.push_back(from + part * (to - from));
    points.push_back(to - part * (to - from));
  }
  std::ranges::sort(points);
  std::vector<double> y(points.size());
  link.evaluate(points, y);
  for (std::size_t i = 1; i < points.size(); ++i) {
    // Halve until each piece is short; f is monotone, so its ends tell how far it moves.
    const double moves = std::abs(y[i] - y[i - 1]), width = points[i] - points[i - 1];
    if ((moves <= kFarthestPanel * level && width <= kWidestPanel) || width < 1e-12) {
      edges.push_back(points[i]);
      continue;
    }
    const double middle = 0.5 * (points[i] + points[i - 1]);
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(i), middle);
    double at = 0;
    link.evaluate({&middle, 1}, {&at, 1});
    y.insert(y.begin() + static_cast<std::ptrdiff_t>(i), at);
    --i;
  }
}

std::vector<Node> make_nodes(const estimation::LinkFunction& link,
                             const LevelSets& sets,
                             double reach,
                             double level) {
  const auto rule = hermite::gauss_legendre(kPanelNodes);
  std::vector<Node> nodes;
  std::vector<double> edges, z, y;
  for (const Branch& branch : sets.branches()) {
    const double from = std::max(branch.from, -reach), to = std::min(branch.to, reach);
    if (!(from < to)) continue;
    edges.assign(1, from);
    add_panels(link, from, to, level, edges);
    for (std::size_t i = 1; i < edges.size(); ++i) {
      const double half = 0.5 * (edges[i] - edges[i - 1]);
      for (int j = 0; j < kPanelNodes; ++j) {
        const auto at = static_cast<std::size_t>(j);
        const double x = edges[i - 1] + half * (1 + rule.nodes[at]);
        const double mirror = sets.even() ? 2 : 1;
        nodes.push_back({.response = 0,
                         .z = x,
                         .weight = mirror * half * rule.weights[at] * normal_density(x)});
      }
    }
  }
  z.resize(nodes.size());
  y.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) z[i] = nodes[i].z;
  link.evaluate(z, y);
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].response = y[i];
  std::ranges::sort(nodes, {}, &Node::response);
  return nodes;
}

/// p(y) E[h_k | y] on a stretch of the grid of y, (points, K + 1), summed over nodes and atoms.
class MomentGrid {
 public:
  MomentGrid(double level, double step, std::size_t count)
      : level_(level), step_(step), count_(count) {}

  void start(double first, std::size_t points) {
    first_ = first;
    points_ = points;
    sums_.assign(points * count_, 0.0);
  }

  /// Adds moments[k] times the normal density around `response`, by the recurrence of
  /// exp(-(j step - x)^2 / 2) in j.
  void add(double response, const std::vector<double>& moments) {
    const double centre = (response - first_) / step_, reach = kReach * level_ / step_;
    const auto begin = static_cast<std::ptrdiff_t>(std::max(0.0, std::ceil(centre - reach)));
    const auto end = static_cast<std::ptrdiff_t>(
        std::min(static_cast<double>(points_) - 1, std::floor(centre + reach)));
    if (begin > end) return;
    const double q = step_ / level_, x = (static_cast<double>(begin) - centre) * q;
    double value = std::exp(-x * x / 2) / (level_ * std::sqrt(2 * std::numbers::pi));
    double ratio = std::exp(-q * (x + q / 2));
    const double shrink = std::exp(-q * q);
    for (std::ptrdiff_t j = begin; j <= end; ++j) {
      double* sums = &sums_[static_cast<std::size_t>(j) * count_];
      for (std::size_t k = 0; k < count_; ++k) sums[k] += value * moments[k];
      value *= ratio;
      ratio *= shrink;
    }
  }

  /// Adds step * sum_j m_k(y_j)^2 / m_0(y_j), over every `stride`-th point of the whole grid.
  void collect(std::size_t offset, std::size_t stride, std::vector<double>& squares) const {
    for (std::size_t j = (stride - offset % stride) % stride; j < points_; j += stride) {
      const double* sums = &sums_[j * count_];
      if (!(sums[0] > 1e-290)) continue;
      const double weight = static_cast<double>(stride) * step_ / sums[0];
      for (std::size_t k = 0; k < count_; ++k) squares[k] += weight * sums[k] * sums[k];
    }
  }

 private:
  double level_, step_;
  std::size_t count_;
  double first_ = 0;
  std::size_t points_ = 0;
  std::vector<double> sums_;
};

}  // namespace

OrderSeries gaussian_noise_lambdas(const estimation::LinkFunction& link,
                                   const LevelSets& sets,
                                   int max_order,
                                   double level) {
  const auto count = static_cast<std::size_t>(max_order) + 1;
  const double reach = choose_reach(link, sets, max_order, level);
  const auto nodes = make_nodes(link, sets, reach, level);
  struct Source {
    double response;
    std::vector<double> moments;
  };
  std::vector<Source> atoms;
  for (const Atom& atom : sets.atoms()) {
    Source source{.response = atom.value, .moments = std::vector<double>(count, 0.0)};
    for (const auto& interval : atom.where) {
      const auto part = normal_moments(interval, max_order);
      for (std::size_t k = 0; k < count; k += sets.even() ? 2 : 1) {
        source.moments[k] += (sets.even() ? 2 : 1) * part[k];
      }
    }
    atoms.push_back(std::move(source));
  }
  double low = INFINITY, high = -INFINITY;
  const auto include = [&](double response) {
    low = std::min(low, response);
    high = std::max(high, response);
  };
  if (!nodes.empty()) {
    include(nodes.front().response);
    include(nodes.back().response);
  }
  for (const auto& atom : atoms) include(atom.response);

  const double step = level / 6;
  constexpr std::size_t kTile = 8192;
  MomentGrid grid(level, step, count);
  std::vector<double> fine(count, 0.0), coarse(count, 0.0), moments(count), h(count);
  std::size_t next = 0;  // first node that the tile can see
  low -= kReach * level;
  high += kReach * level;
  for (std::size_t offset = 0; low + step * static_cast<double>(offset) <= high; offset += kTile) {
    const double first = low + step * static_cast<double>(offset);
    const double last = first + step * static_cast<double>(kTile - 1);
    grid.start(first, kTile);
    while (next < nodes.size() && nodes[next].response < first - kReach * level) ++next;
    for (std::size_t i = next; i < nodes.size() && nodes[i].response <= last + kReach * level;
         ++i) {
      hermite::hermite_values(nodes[i].z, h);
      moments.assign(count, 0.0);
      for (std::size_t k = 0; k < count; k += sets.even() ? 2 : 1)
        moments[k] = nodes[i].weight * h[k];
      grid.add(nodes[i].response, moments);
    }
    for (const auto& atom : atoms) grid.add(atom.response, atom.moments);
    grid.collect(offset, 1, fine);
    grid.collect(offset, 2, coarse);
  }
  OrderSeries lambdas{.values = std::vector<double>(count), .errors = std::vector<double>(count)};
  const auto beyond = normal_square_moments({.from = reach, .to = hermite::kRange + 1}, max_order);
  for (std::size_t k = 0; k < count; ++k) {
    if (sets.even() && k % 2 == 1) continue;
    const double change = std::abs(fine[k] - coarse[k]) + 2 * beyond[k];
    lambdas.values[k] = std::sqrt(fine[k]);
    lambdas.errors[k] = std::sqrt(fine[k] + change) - lambdas.values[k];
  }
  return lambdas;
}

}  // namespace thalweg::index
