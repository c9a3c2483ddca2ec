#include "thalweg/index/optimal_transform.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "index/normal_moments.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::index {
namespace {

constexpr double kCommon = 2.8;  // |Z| below it in 99.5 % of cases

/// P(Y near y) up to a factor, and the same times E[h_k(Z) | Y near y].
struct Mass {
  double probability = 0, moment = 0;

  void add(double weight, const Mass& other) {
    probability += weight * other.probability;
    moment += weight * other.moment;
  }
};

struct Point {
  double response, value;
};

/// The transform as a table: classes first, points between which it is linear else.
struct Table {
  std::vector<Point> classes, points;  ///< ascending in response
  double limit = 0;                    ///< on |value|
  double resolution = 0;               ///< responses nearer to a class than that belong to it

  double at(double response) const { return std::clamp(unlimited(response), -limit, limit); }

 private:
  double unlimited(double response) const {
    for (const Point& atom : classes)
      if (std::abs(response - atom.response) <= resolution) return atom.value;
    if (points.empty()) return 0;
    const auto above = std::ranges::lower_bound(points, response, {}, &Point::response);
    if (above == points.begin()) return points.front().value;
    if (above == points.end()) return points.back().value;
    const Point& low = *(above - 1);
    const double part = (response - low.response) / (above->response - low.response);
    return low.value + part * (above->value - low.value);
  }
};

// --- without noise on the level: level sets ---------------------------------------------------

Mass atom_mass(const Atom& atom, bool even, int k) {
  Mass mass;
  for (const auto& interval : atom.where) {
    const auto moments = normal_moments(interval, k);
    mass.add(even ? 2 : 1,
             {moments[0], even && k % 2 == 1 ? 0 : moments[static_cast<std::size_t>(k)]});
  }
  return mass;
}

std::vector<Mass> branch_masses(const LevelSets& sets, std::span<const double> levels, int k) {
  const auto preimages = sets.preimages(levels);
  std::vector<Mass> masses(levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    for (std::size_t j = preimages.first[i]; j < preimages.first[i + 1]; ++j) {
      const double h = sets.even() && k % 2 == 1 ? 0 : hermite::hermite(k, preimages.z[j]);
      masses[i].add(preimages.weight[j], {1, h});
    }
  }
  return masses;
}

/// Levels of 2,000 points inside every branch, nearer to the middle than six deviations.
std::vector<double> branch_levels(const LevelSets& sets) {
  constexpr int kPoints = 2000;
  std::vector<double> z;
  for (const Branch& branch : sets.branches()) {
    const double from = std::max(branch.from, -6.0), to = std::min(branch.to, 6.0);
    for (int i = 0; i < kPoints && from < to; ++i)
      z.push_back(from + (to - from) * (i + 0.5) / kPoints);
  }
  std::vector<double> levels(z.size());
  sets.evaluate(z, levels);
  return levels;
}

std::vector<double> mirrored(std::span<const double> values) {
  std::vector<double> result;
  for (const double value : values) result.push_back(-value);
  return result;
}

void add_classes(const LevelSets& sets, double flip, int k, Table& table) {
  std::vector<std::pair<double, Mass>> classes;
  for (const Atom& atom : sets.atoms()) {
    for (const bool flipped : {false, true}) {
      const double share = flipped ? flip : 1 - flip;
      if (share == 0) continue;
      const double response = flipped ? -atom.value : atom.value;
      auto found = std::ranges::find_if(classes, [&](const auto& known) {
        return std::abs(known.first - response) <= table.resolution;
      });
      if (found == classes.end()) found = classes.insert(classes.end(), {response, {}});
      found->second.add(share, atom_mass(atom, sets.even(), k));
    }
  }
  for (const auto& [response, mass] : classes)
    table.classes.push_back({response, mass.moment / mass.probability});
}

Table level_set_table(const LevelSets& sets, double flip, int k) {
  Table table;
  auto levels = branch_levels(sets);
  double size = 0;
  for (const double level : levels) size = std::max(size, std::abs(level));
  for (const Atom& atom : sets.atoms()) size = std::max(size, std::abs(atom.value));
  table.resolution = 1e-12 * size;
  add_classes(sets, flip, k, table);
  if (flip > 0) {
    const auto negative = mirrored(levels);
    levels.insert(levels.end(), negative.begin(), negative.end());
  }
  const auto same = branch_masses(sets, levels, k);
  const auto flipped = flip > 0 ? branch_masses(sets, mirrored(levels), k) : std::vector<Mass>();
  for (std::size_t i = 0; i < levels.size(); ++i) {
    Mass mass;
    mass.add(1 - flip, same[i]);
    if (flip > 0) mass.add(flip, flipped[i]);
    if (mass.probability > 0) table.points.push_back({levels[i], mass.moment / mass.probability});
  }
  return table;
}

// --- with normal noise: a sum over z ------------------------------------------------------------

Table noisy_table(const estimation::LinkFunction& link, double level, int k) {
  constexpr int kNodes = 3201, kResponses = 801;
  constexpr double kReach = 8, kCentre = 4;
  std::vector<double> z(kNodes), y(kNodes);
  for (int i = 0; i < kNodes; ++i)
    z[static_cast<std::size_t>(i)] = kReach * (2.0 * i / (kNodes - 1) - 1);
  link.evaluate(z, y);
  double low = INFINITY, high = -INFINITY;
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (std::abs(z[i]) > kCentre) continue;
    low = std::min(low, y[i]);
    high = std::max(high, y[i]);
  }
  const double width = std::max(level, 0.005 * (high - low));
  low -= 4 * width;
  high += 4 * width;
  Table table;
  for (int j = 0; j < kResponses; ++j) {
    const double response = low + (high - low) * j / (kResponses - 1);
    Mass mass;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double away = (response - y[i]) / width;
      mass.add(normal_density(z[i]) * std::exp(-away * away / 2), {1, hermite::hermite(k, z[i])});
    }
    if (mass.probability > 0) table.points.push_back({response, mass.moment / mass.probability});
  }
  return table;
}

void normalise(Table& table, double lambda) {
  std::ranges::sort(table.points, {}, &Point::response);
  const auto same = [&](const Point& a, const Point& b) {
    return b.response - a.response <= table.resolution;
  };
  auto& points = table.points;  // std::ranges::unique is beyond Clang 14
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
  for (auto* list : {&table.classes, &table.points})
    for (Point& point : *list) point.value /= lambda;
}

/// The larger of 3 and what |T| reaches at common z.
double limit_of(const Table& table, const estimation::LinkFunction& link) {
  constexpr int kNodes = 2001;
  std::vector<double> z(kNodes), y(kNodes);
  for (int i = 0; i < kNodes; ++i)
    z[static_cast<std::size_t>(i)] = kCommon * (2.0 * i / (kNodes - 1) - 1);
  link.evaluate(z, y);
  double limit = 3;
  Table free = table;
  free.limit = INFINITY;
  for (const double response : y) limit = std::max(limit, std::abs(free.at(response)));
  return limit;
}

}  // namespace

std::function<double(double)> optimal_transform(const estimation::LinkFunction& link,
                                                const LevelSets& level_sets,
                                                const estimation::Noise& noise,
                                                int k,
                                                double lambda) {
  if (k < 1 || !(lambda > 0)) {
    throw InvalidArgument("index::optimal_transform",
                          fmt::format("needs an order of 1 or more at which the response says "
                                      "something; got order {} with lambda {}.",
                                      k,
                                      lambda));
  }
  using Kind = estimation::Noise::Kind;
  Table table = noise.kind == Kind::kGaussian
                    ? noisy_table(link, noise.level, k)
                    : level_set_table(level_sets, noise.kind == Kind::kFlip ? noise.level : 0, k);
  normalise(table, lambda);
  table.limit = limit_of(table, link);
  return [shared = std::make_shared<const Table>(std::move(table))](double y) {
    return shared->at(y);
  };
}

}  // namespace thalweg::index
