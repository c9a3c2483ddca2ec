#include "thalweg/index/generative_exponent.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include <fmt/format.h>

#include "index/normal_moments.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"
#include "thalweg/hermite/expansion.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::index {
namespace {

constexpr double kZero = 1e-6, kSmall = 0.02;
constexpr int kMostOrder = 20;

// ------------------------------------------------------------------ conditional moments by level

/// zeta_k at levels of the branches under flips of probability p: y comes from the preimages of y
/// with 1 - p and from those of -y with p. For even links preimages are those with z > 0: odd
/// orders cancel with the other half.
class BranchClasses {
 public:
  BranchClasses(const LevelSets& level_sets, int max_order, double flip)
      : sets_(level_sets), count_(static_cast<std::size_t>(max_order) + 1), flip_(flip) {}

  /// out(i, share, density, zeta, rounding) is called for the level y_i, and again for -y_i where
  /// there are flips; zeta and its first-order error from rounding hold (K + 1) numbers.
  template <typename Out>
  void each(std::span<const double> levels, const Out& out) const {
    const auto same = with_hermite(levels, 1);
    const auto flipped = flip_ > 0 ? with_hermite(levels, -1) : Points{};
    std::vector<double> zeta(count_), rounding(count_);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      for (const bool flip : {false, true}) {
        if (flip && flip_ == 0) continue;
        const double share = flip ? flip_ : 1 - flip_;
        zeta.assign(count_, 0.0);
        rounding.assign(count_, 0.0);
        add_moments(same, i, share, zeta);
        if (flip_ > 0) add_moments(flipped, i, 1 - share, zeta);
        const double density = zeta[0];
        if (density > 0) {
          for (double& value : zeta) value /= density;
          add_rounding(same, i, share / density, zeta, rounding);
          if (flip_ > 0) add_rounding(flipped, i, (1 - share) / density, zeta, rounding);
        }
        out(i, share, density, zeta, rounding);
      }
    }
  }

 private:
  struct Points {
    Preimages preimages;
    std::vector<double> h;  ///< (points, K + 1)
  };

  Points with_hermite(std::span<const double> levels, double sign) const {
    std::vector<double> signed_levels(levels.begin(), levels.end());
    for (double& level : signed_levels) level *= sign;
    Points points{.preimages = sets_.preimages(signed_levels), .h = {}};
    points.h.resize(points.preimages.z.size() * count_);
    for (std::size_t i = 0; i < points.preimages.z.size(); ++i) {
      hermite::hermite_values(points.preimages.z[i], {&points.h[i * count_], count_});
    }
    return points;
  }

  std::size_t stride() const { return sets_.even() ? 2 : 1; }

  void add_moments(const Points& points,
                   std::size_t level,
                   double share,
                   std::vector<double>& sums) const {
    const auto& p = points.preimages;
    for (std::size_t i = p.first[level]; i < p.first[level + 1]; ++i) {
      const double weight = share * p.weight[i];
      for (std::size_t k = 0; k < count_; k += stride())
        sums[k] += weight * points.h[i * count_ + k];
    }
  }

  /// sum_i share w_i rounding_i |h_k(z_i) - zeta_k|.
  void add_rounding(const Points& points,
                    std::size_t level,
                    double share,
                    const std::vector<double>& zeta,
                    std::vector<double>& rounding) const {
    const auto& p = points.preimages;
    for (std::size_t i = p.first[level]; i < p.first[level + 1]; ++i) {
      const double weight = share * p.weight[i] * p.rounding[i];
      for (std::size_t k = 0; k < count_; k += stride()) {
        rounding[k] += weight * std::abs(points.h[i * count_ + k] - zeta[k]);
      }
    }
  }

  const LevelSets& sets_;
  std::size_t count_;
  double flip_;
};

// ------------------------------------------------------------------------- integrals over branches

/// Part of a branch between two points where the set of preimages changes.
struct Panel {
  double from, to;
  std::vector<double> squares, errors;  ///< (K + 1) integrals of phi zeta^2, phi rounding^2 ...
  std::vector<double> change;           ///< ... and what the last doubling changed in the first
  double blurred = 0;                   ///< probability of nodes left out
  bool settled = false;
};

/// A level at which preimages come or go.
struct CriticalLevel {
  double value;
  double blur;     ///< how exactly it is known
  double density;  ///< phi where they do: how much it matters
};

/// Those of all ends of branches, ascending; equal ones joined.
std::vector<CriticalLevel> critical_levels(const LevelSets& sets, bool flips) {
  std::vector<CriticalLevel> all, levels;
  for (const Branch& branch : sets.branches()) {
    for (const double sign : {1.0, -1.0}) {
      if (sign < 0 && !flips) continue;
      all.push_back({sign * branch.value_from, branch.blur_from, normal_density(branch.from)});
      all.push_back({sign * branch.value_to, branch.blur_to, normal_density(branch.to)});
    }
  }
  std::ranges::sort(all, {}, &CriticalLevel::value);
  for (const auto& level : all) {
    if (!levels.empty() && level.value - levels.back().value <= level.blur + levels.back().blur) {
      levels.back().blur = std::max(levels.back().blur, level.blur);
      levels.back().density += level.density;
    } else {
      levels.push_back(level);
    }
  }
  return levels;
}

/// Levels so near a critical one that rounding decides which preimages there are: disjoint
/// intervals, ascending.
class BlurredLevels {
 public:
  explicit BlurredLevels(std::vector<CriticalLevel> levels) {
    std::ranges::sort(levels, {}, [](const CriticalLevel& l) { return l.value - 2 * l.blur; });
    for (const auto& level : levels) {
      const hermite::Interval around = {level.value - 2 * level.blur, level.value + 2 * level.blur};
      if (!intervals_.empty() && around.from <= intervals_.back().to) {
        intervals_.back().to = std::max(intervals_.back().to, around.to);
      } else {
        intervals_.push_back(around);
      }
    }
  }

  bool contain(double y) const {
    const auto after = std::ranges::upper_bound(intervals_, y, {}, &hermite::Interval::from);
    return after != intervals_.begin() && y <= (after - 1)->to;
  }

 private:
  std::vector<hermite::Interval> intervals_;
};

/// The branches, cut where their level is critical. Of many critical levels only the first in
/// density count; the others cost digits, not exponents: the integrand is right and positive.
std::vector<Panel> make_panels(const LevelSets& sets, std::vector<CriticalLevel> levels) {
  constexpr std::size_t kMostCuts = 24;
  std::ranges::sort(levels, std::greater<>(), &CriticalLevel::density);
  if (levels.size() > kMostCuts) levels.resize(kMostCuts);
  constexpr double kWidest = 3;
  std::vector<std::vector<double>> cuts;
  for (const Branch& branch : sets.branches()) {
    cuts.push_back({branch.from, branch.to});
    const int parts = static_cast<int>(std::ceil((branch.to - branch.from) / kWidest));
    for (int part = 1; part < parts; ++part) {
      cuts.back().push_back(branch.from + (branch.to - branch.from) * part / parts);
    }
  }
  std::vector<double> values;
  for (const auto& level : levels) values.push_back(level.value);
  const auto preimages = sets.preimages(values);
  for (const double z : preimages.z) {
    const auto branch = std::ranges::upper_bound(sets.branches(), z, {}, &Branch::from);
    cuts[static_cast<std::size_t>(branch - sets.branches().begin()) - 1].push_back(z);
  }
  std::vector<Panel> panels;
  for (auto& points : cuts) {
    std::ranges::sort(points);
    double from = points.front();
    for (const double to : points) {
      if (to - from <= 1e-13 * std::max(1.0, std::abs(to))) continue;
      panels.push_back({.from = from, .to = to, .squares = {}, .errors = {}, .change = {}});
      from = to;
    }
  }
  return panels;
}

/// Nodes in (0, 1) and weights that a level of the tanh-sinh rule adds to those before it.
struct RuleLevel {
  std::vector<double> from_left, from_right, weight;  ///< weights for the step of this level
};

RuleLevel tanh_sinh_level(int level) {
  constexpr double kReach = 3.2;  // weights beyond are below 1e-14
  const double step = 0.8 / (1 << level);
  const int last = static_cast<int>(std::lround(kReach / step));
  RuleLevel rule;
  for (int j = -last; j <= last; ++j) {
    if (level > 0 && j % 2 == 0) continue;
    const double t = j * step, s = std::numbers::pi / 2 * std::sinh(t);
    const double left = 1 / (1 + std::exp(-2 * s)), right = 1 / (1 + std::exp(2 * s));
    rule.from_left.push_back(left);
    rule.from_right.push_back(right);
    rule.weight.push_back(step * std::numbers::pi * std::cosh(t) * left * right);
  }
  return rule;
}

constexpr int kLastLevel = 6;
constexpr double kTurningPoint = 1e-6;
constexpr std::ptrdiff_t kMostPreimages = 4'000'000;

/// Adds a level's nodes to every panel that is not settled.
void refine(std::vector<Panel>& panels,
            const LevelSets& sets,
            const BranchClasses& classes,
            const BlurredLevels& blurred_levels,
            std::size_t count,
            int level,
            int threads) {
  const auto rule = tanh_sinh_level(level);
  parallel_for(static_cast<std::int64_t>(panels.size()), threads, [&](std::int64_t index) {
    Panel& panel = panels[static_cast<std::size_t>(index)];
    if (panel.settled) return;
    const double width = panel.to - panel.from;
    std::vector<double> z, weight;
    for (std::size_t j = 0; j < rule.weight.size(); ++j) {
      const double at = rule.from_left[j] < 0.5 ? panel.from + width * rule.from_left[j]
                                                : panel.to - width * rule.from_right[j];
      if (!(panel.from < at && at < panel.to)) continue;
      z.push_back(at);
      weight.push_back(width * rule.weight[j] * normal_density(at) * (sets.even() ? 2 : 1));
    }
    std::vector<double> y(z.size());
    sets.evaluate(z, y);
    std::vector<double> squares(count, 0.0), errors(count, 0.0);
    double blurred = 0;
    classes.each(
        y,
        [&](std::size_t i, double share, double density, const auto& zeta, const auto& rounding) {
          if (density == 0 || blurred_levels.contain(y[i])) {
            blurred += share * weight[i];
            return;
          }
          for (std::size_t k = 0; k < count; ++k) {
            squares[k] += share * weight[i] * zeta[k] * zeta[k];
            errors[k] += share * weight[i] * rounding[k] * rounding[k];
          }
        });
    if (level == 0) {
      panel.squares = std::move(squares);
      panel.errors = std::move(errors);
      panel.change = panel.squares;
      panel.blurred = blurred;
      return;
    }
    panel.blurred = panel.blurred / 2 + blurred;
    for (std::size_t k = 0; k < count; ++k) {
      const double before = panel.squares[k];
      panel.squares[k] = before / 2 + squares[k];
      panel.errors[k] = panel.errors[k] / 2 + errors[k];
      panel.change[k] = std::abs(panel.squares[k] - before);
    }
  });
}

/// Panels whose last change does not matter to the whole: 1e-9 of lambda_k^2, or nothing beside the
/// rule for zero.
void settle(std::vector<Panel>& panels, std::size_t count) {
  constexpr double kRelative = 1e-9, kAbsolute = 1e-14;
  std::vector<double> tolerance(count, 0.0);
  for (std::size_t k = 1; k < count; ++k) {
    for (const Panel& panel : panels) tolerance[k] += kRelative * panel.squares[k];
    tolerance[k] = (tolerance[k] + kAbsolute) / static_cast<double>(panels.size());
  }
  for (Panel& panel : panels) {
    panel.settled = true;
    for (std::size_t k = 1; k < count; ++k) {
      if (panel.change[k] > tolerance[k]) panel.settled = false;
    }
  }
}

// --------------------------------------------------------------------------------------------
// atoms

/// One class of responses: P(Y = y) E[h_k | Y = y] for k = 0 ... K.
using ClassMoments = std::vector<double>;

ClassMoments atom_moments(const Atom& atom, bool even, std::size_t count) {
  ClassMoments moments(count, 0.0);
  for (const auto& interval : atom.where) {
    const auto part = normal_moments(interval, static_cast<int>(count) - 1);
    for (std::size_t k = 0; k < count; k += even ? 2 : 1) moments[k] += (even ? 2 : 1) * part[k];
  }
  return moments;
}

/// Adds the atoms' share of lambda_k^2. Those that only rounding can have made are left out of it,
/// with what they might hold as error.
void add_atoms(const LevelSets& sets,
               double flip,
               std::vector<double>& squares,
               std::vector<double>& errors) {
  constexpr double kRoundingAtom = 1e-6;
  std::vector<std::pair<double, ClassMoments>> classes;
  double size = 0;
  for (const Atom& atom : sets.atoms()) size = std::max(size, std::abs(atom.value));
  const auto add = [&](double value, double share, const ClassMoments& moments) {
    if (share == 0) return;
    auto found = std::ranges::find_if(
        classes, [&](const auto& c) { return std::abs(c.first - value) <= 1e-12 * size; });
    if (found == classes.end()) {
      classes.push_back({value, ClassMoments(moments.size(), 0.0)});
      found = classes.end() - 1;
    }
    for (std::size_t k = 0; k < moments.size(); ++k) found->second[k] += share * moments[k];
  };
  for (const Atom& atom : sets.atoms()) {
    if (!atom.sharp && atom.probability < kRoundingAtom) {
      for (const auto& interval : atom.where) {
        const auto held = normal_square_moments(interval, static_cast<int>(squares.size()) - 1);
        for (std::size_t k = 1; k < squares.size(); ++k)
          errors[k] += (sets.even() ? 2 : 1) * held[k];
      }
      continue;
    }
    const auto moments = atom_moments(atom, sets.even(), squares.size());
    add(atom.value, 1 - flip, moments);
    add(-atom.value, flip, moments);
  }
  for (const auto& [value, moments] : classes) {
    for (std::size_t k = 0; k < squares.size(); ++k)
      squares[k] += moments[k] * moments[k] / moments[0];
  }
}

/// False where the link is not square-integrable.
bool set_coefficients(const estimation::LinkFunction& link,
                      const ExponentOptions& options,
                      LinkExponents& result) {
  hermite::Expansion expansion;
  try {
    expansion = hermite::expand(
        [&](std::span<const double> z, std::span<double> y) { link.evaluate(z, y); },
        {.max_order = options.max_order, .breakpoints = options.breakpoints});
  } catch (const Error&) {
    return false;
  }
  const double carried = expansion.second_moment - expansion.tail_energy;
  if (!expansion.converged && carried < 1e-4 * expansion.second_moment) return false;
  OrderSeries series{.values = expansion.coefficients, .errors = expansion.errors};
  if (options.noise.kind == estimation::Noise::Kind::kFlip) {
    for (double& c : series.values) c *= 1 - 2 * options.noise.level;
  }
  const double mean = expansion.coefficients[0];
  result.deviation = std::sqrt(std::max(0.0, expansion.second_moment - mean * mean));
  result.information_exponent = series.first_nonzero(result.deviation);
  result.coefficients = std::move(series);
  return true;
}

}  // namespace

bool OrderSeries::is_zero(std::size_t order, double scale) const {
  return std::abs(values[order]) <= std::max(kZero * scale, errors[order]);
}

std::optional<int> OrderSeries::first_nonzero(double scale) const {
  for (std::size_t k = 1; k < values.size(); ++k) {
    if (!is_zero(k, scale)) return static_cast<int>(k);
  }
  return {};
}

std::vector<int> OrderSeries::small(double scale) const {
  std::vector<int> orders;
  for (std::size_t k = 1; k < values.size(); ++k) {
    if (!is_zero(k, scale) && std::abs(values[k]) < kSmall * scale) {
      orders.push_back(static_cast<int>(k));
    }
  }
  return orders;
}

OrderSeries level_set_lambdas(const LevelSets& sets,
                              int max_order,
                              const estimation::Noise& noise,
                              int threads) {
  const double flip = noise.kind == estimation::Noise::Kind::kFlip ? noise.level : 0;
  const auto count = static_cast<std::size_t>(max_order) + 1;
  std::vector<double> squares(count, 0.0), errors(count, 0.0);
  add_atoms(sets, flip, squares, errors);
  if (!sets.branches().empty()) {
    const auto critical = critical_levels(sets, flip > 0);
    auto panels = make_panels(sets, critical);
    const BlurredLevels blurred(critical);
    const BranchClasses classes(sets, max_order, flip);
    for (int level = 0; level <= kLastLevel; ++level) {
      const auto open = std::ranges::count(panels, false, &Panel::settled);
      const auto work = open * (8 << level) * static_cast<std::ptrdiff_t>(sets.branches().size());
      if (level > 1 && work > kMostPreimages) break;
      refine(panels, sets, classes, blurred, count, level, threads);
      if (level > 0) settle(panels, count);
    }
    for (const Panel& panel : panels) {
      if (panel.squares[0] == 0) {
        // Beside a turning point, which is known to sqrt(rounding), it is as the panels next to it;
        // else nothing is known of it but what it can hold.
        if (panel.to - panel.from < kTurningPoint) continue;
        const auto held = normal_square_moments({panel.from, panel.to}, max_order);
        for (std::size_t k = 1; k < count; ++k) errors[k] += (sets.even() ? 2 : 1) * held[k];
        continue;
      }
      // Nodes left out would have held about what the others do.
      const double left_out = panel.blurred / panel.squares[0];
      for (std::size_t k = 0; k < count; ++k) {
        squares[k] += (1 + left_out) * panel.squares[k];
        errors[k] += panel.change[k] + panel.errors[k] + left_out * panel.squares[k];
      }
    }
  }
  OrderSeries lambdas{.values = std::vector<double>(count), .errors = std::vector<double>(count)};
  for (std::size_t k = 0; k < count; ++k) {
    lambdas.values[k] = std::sqrt(squares[k]);
    lambdas.errors[k] = std::sqrt(squares[k] + errors[k]) - lambdas.values[k];
  }
  return lambdas;
}

LinkExponents link_exponents(std::shared_ptr<const estimation::LinkFunction> link,
                             const LevelSets& sets,
                             const ExponentOptions& options) {
  if (options.max_order < 1 || options.max_order > kMostOrder) {
    throw InvalidArgument(
        "index::link_exponents",
        fmt::format("max_order must be 1 to {}; got {}.", kMostOrder, options.max_order));
  }
  using Kind = estimation::Noise::Kind;
  LinkExponents result;
  result.lambdas = options.noise.kind == Kind::kGaussian
                       ? gaussian_noise_lambdas(*link, sets, options.max_order, options.noise.level)
                       : level_set_lambdas(sets, options.max_order, options.noise, options.threads);
  result.generative_exponent = result.lambdas.first_nonzero();
  if (!result.generative_exponent) {
    result.warnings.push_back(fmt::format(
        "No order up to {} shows in the response; raise the largest order.", options.max_order));
  }
  if (!set_coefficients(*link, options, result)) {
    result.warnings.push_back(
        "E[f(Z)^2] is infinite, or lies too far out to be found: the link has no Hermite "
        "coefficients and no information exponent.");
  }
  return result;
}

}  // namespace thalweg::index
