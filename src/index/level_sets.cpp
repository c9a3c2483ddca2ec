#include "thalweg/index/level_sets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "index/normal_moments.hpp"
#include "index/root.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::index {

struct LevelSets::Grid {
  std::vector<double> x, y;       ///< ascending in x, the branch's ends included
  double smooth_from, smooth_to;  ///< f is smooth in between; critical points do not end this
  int zero_order = 1;             ///< of its zero in the branch, where it has one
};

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kRange = hermite::kRange;
constexpr double kStep = 1e-4;
constexpr std::size_t kFlatCells = 3;  ///< constant over so many cells: constant
/// Every level has a preimage on every branch and is asked for once a branch: 3 s for sin(30 z)
/// with its 229 branches, a minute for sin(100 z). Those that rounding makes cost little.
constexpr std::ptrdiff_t kMostBranches = 256, kMostWithRounding = 1000;

/// An end of a piece, and how far beyond it f is surely on its other side: nothing where f is
/// smooth there.
struct Cut {
  double at;
  double margin;
};

/// Part of the line without breaks.
struct Stretch {
  double from, to;
  double margin_from, margin_to;  ///< of the breaks just outside, or within which f turns; else 0
  double smooth_from, smooth_to;  ///< f may be differentiated in between

  Stretch until(double end) const {
    Stretch part = *this;
    part.to = part.smooth_to = end;
    part.margin_to = 0;
    return part;
  }
};

/// f on a grid between two neighbouring breaks.
struct Piece {
  double from, to;  ///< the breaks
  Stretch whole;    ///< between them, within the margins
  std::vector<double> x, y;
  std::vector<double> noise;  ///< what counts as no change of f, cell by cell
};

}  // namespace

/// Takes a link apart. Everything it finds is added to `out`.
class LevelSetBuilder {
 public:
  explicit LevelSetBuilder(LevelSets& out) : out_(out), link_(*out.link_) {}

  void build(std::span<const double> given) {
    const auto scan = hermite::scan_function(
        [this](std::span<const double> z, std::span<double> y) { link_.evaluate(z, y); });
    hermite::require_defined(scan, "link");
    out_.even_ = is_even();
    const auto cuts = cuts_of(scan, given);
    for (std::size_t i = 1; i < cuts.size(); ++i) add_piece(cuts[i - 1], cuts[i]);
    check_branches();
    gather_atoms();
    if (out_.branches_.empty() && out_.atoms_.size() == 1) {
      throw InvalidArgument("link", "the link is constant: the response says nothing about z.");
    }
  }

 private:
  double value(double z) const {
    double y = 0;
    link_.evaluate({&z, 1}, {&y, 1});
    return y;
  }

  std::vector<double> values(std::span<const double> z) const {
    std::vector<double> y(z.size());
    link_.evaluate(z, y);
    return y;
  }

  /// Compares both sides at points that are no round numbers, relative to |f| nearby.
  bool is_even() const {
    constexpr std::size_t kPoints = 20000, kNearby = 100;
    std::vector<double> z(kPoints), mirror(kPoints);
    for (std::size_t i = 0; i < kPoints; ++i) {
      z[i] = kRange * (static_cast<double>(i) + 1 / std::numbers::pi) / kPoints;
      mirror[i] = -z[i];
    }
    const auto right = values(z), left = values(mirror);
    for (std::size_t begin = 0; begin < kPoints; begin += kNearby) {
      double size = 0, difference = 0;
      for (std::size_t i = begin; i < begin + kNearby; ++i) {
        size = std::max({size, std::abs(right[i]), std::abs(left[i])});
        difference = std::max(difference, std::abs(right[i] - left[i]));
      }
      if (!(difference <= 1e-13 * size)) return false;
    }
    return true;
  }

  std::vector<Cut> cuts_of(const hermite::FunctionScan& scan, std::span<const double> given) const {
    const auto known = link_.breakpoints();
    std::vector<Cut> inside;
    const auto add = [&](double at, double accuracy) {
      inside.push_back({at, accuracy * std::max(1.0, std::abs(at))});
    };
    for (const double at : known) add(at, 2 * kEpsilon);
    for (const double at : given) add(at, 2 * kEpsilon);
    for (const auto& found : scan.breakpoints) {
      add(found.at, found.kind == hermite::Breakpoint::Kind::kJump ? 2 * kEpsilon : 1e-12);
    }
    if (out_.even_) {
      for (auto& cut : inside) cut.at = std::abs(cut.at);
    }
    std::ranges::stable_sort(inside, {}, &Cut::at);

    std::vector<Cut> cuts = {{-kRange, 0}};
    if (out_.even_) cuts.front() = {0, std::isfinite(value(0)) ? 0 : 2 * kEpsilon};
    for (const Cut& cut : inside) {
      if (cut.at - cuts.back().at <= 2e-12 * std::max(1.0, std::abs(cut.at))) {
        // The same break twice, or one at zero: what is known best, but not that f is smooth.
        const bool better = cuts.back().margin == 0 || cut.margin < cuts.back().margin;
        if (better && cut.at >= cuts.front().at) cuts.back() = cut;
      } else if (cut.at < kRange) {
        cuts.push_back(cut);
      }
    }
    cuts.push_back({kRange, 0});
    return cuts;
  }

  void add_piece(const Cut& from, const Cut& to) {
    const double begin = from.at + from.margin, end = to.at - to.margin;
    if (!(end > begin)) return;
    const auto cells = static_cast<std::size_t>(std::max(32.0, std::ceil((end - begin) / kStep)));
    Piece piece{
        .from = from.at,
        .to = to.at,
        .whole = {.from = begin,
                  .to = end,
                  .margin_from = from.margin,
                  .margin_to = to.margin,
                  .smooth_from = out_.even_ && from.at == 0 && from.margin == 0 ? -to.at : from.at,
                  .smooth_to = to.at},
        .x = std::vector<double>(cells + 1),
        .y = {},
        .noise = {}};
    for (std::size_t i = 0; i <= cells; ++i) {
      piece.x[i] = begin + (end - begin) * static_cast<double>(i) / static_cast<double>(cells);
    }
    piece.x.back() = end;
    piece.y = values(piece.x);
    set_noise(piece);
    split_at_flats(piece);
  }

  /// Rounding shows in fourth differences whose sign alternates; those of a smooth function are
  /// below it at this step, or, near a pole, of one sign.
  static void set_noise(Piece& piece) {
    const auto& y = piece.y;
    const std::size_t n = y.size();
    std::vector<double> fourth(n, 0.0);
    for (std::size_t i = 2; i + 2 < n; ++i) {
      fourth[i] = y[i - 2] - 4 * y[i - 1] + 6 * y[i] - 4 * y[i + 1] + y[i + 2];
    }
    constexpr std::size_t kNearby = 6;
    constexpr int kAlternations = 4;
    piece.noise.resize(n - 1);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      const std::size_t begin = i < kNearby ? 0 : i - kNearby, end = std::min(n, i + kNearby + 2);
      double largest = 0;
      int alternations = 0;
      for (std::size_t j = begin; j < end; ++j) {
        largest = std::max(largest, std::abs(fourth[j]));
        if (j > begin && fourth[j] * fourth[j - 1] < 0) ++alternations;
      }
      piece.noise[i] = 2 * kEpsilon * std::max(std::abs(y[i]), std::abs(y[i + 1]));
      if (alternations >= kAlternations) piece.noise[i] += largest / 8;
    }
  }

  static int direction(const Piece& piece, std::size_t cell) {
    const double change = piece.y[cell + 1] - piece.y[cell];
    if (std::abs(change) <= piece.noise[cell]) return 0;
    return change > 0 ? 1 : -1;
  }

  void split_at_flats(const Piece& piece) {
    const std::size_t cells = piece.noise.size();
    Stretch stretch = piece.whole;
    std::size_t node = 0;  // first of the nodes that belong to no flat yet
    for (std::size_t i = 0; i < cells; ++i) {
      if (direction(piece, i) != 0) continue;
      const std::size_t first = i;
      while (i < cells && direction(piece, i) == 0) ++i;
      if (i - first < kFlatCells) continue;
      const auto flat = flat_interval(piece, first, i);
      add_branches(piece, node, first, stretch.until(flat.from));
      stretch.from = stretch.smooth_from = flat.to;
      stretch.margin_from = 0;
      node = i;
    }
    add_branches(piece, node, cells, stretch);
  }

  /// Records the interval around nodes first ... last on which f is constant; its ends to rounding.
  hermite::Interval flat_interval(const Piece& piece, std::size_t first, std::size_t last) {
    const std::size_t middle = (first + last) / 2;
    const double level = piece.y[middle];
    double tolerance = 4 * kEpsilon * std::abs(level);
    for (std::size_t i = first + (last - first) / 4; i <= last - (last - first) / 4; ++i) {
      tolerance = std::max(tolerance, std::abs(piece.y[i] - level));
    }
    const auto end = [&](std::size_t outside) {
      double in = piece.x[middle], out = piece.x[outside];
      while (std::abs(out - in) > 2 * kEpsilon * std::max(1.0, std::abs(in))) {
        const double between = 0.5 * (in + out);
        if (between == in || between == out) break;
        (std::abs(value(between) - level) <= tolerance ? in : out) = between;
      }
      return in;
    };
    const hermite::Interval interval{.from = first == 0 ? piece.from : end(first - 1),
                                     .to = last + 1 == piece.x.size() ? piece.to : end(last + 1)};
    const bool sharp = first == 0 && last + 1 == piece.x.size();
    flats_.push_back({level, interval, sharp});
    return interval;
  }

  /// The monotone parts of a stretch whose inner grid points are among nodes first ... last.
  void add_branches(const Piece& piece, std::size_t first, std::size_t last, Stretch stretch) {
    int going = 0;
    std::size_t steady = first;  // last cell that goes the same way
    std::size_t node = first;
    for (std::size_t cell = first; cell < last; ++cell) {
      const int now = direction(piece, cell);
      if (now == 0) continue;
      if (going != 0 && now != going) {
        Stretch monotone = stretch;
        const Cut turn = turning_point(piece.x[steady], piece.x[cell + 1], going);
        monotone.to = turn.at;
        monotone.margin_to = turn.margin;
        add_branch(piece, node, cell, monotone);
        stretch.from = monotone.to;
        stretch.margin_from = turn.margin;
        node = steady;
      }
      going = now;
      steady = cell;
    }
    if (going != 0) add_branch(piece, node, last, stretch);
  }

  /// Maximum (going > 0) or minimum of f in [a, b], by golden sections.
  Cut turning_point(double a, double b, int going) const {
    constexpr double kGolden = 0.6180339887498949;
    double left = b - kGolden * (b - a), right = a + kGolden * (b - a);
    double f_left = going * value(left), f_right = going * value(right);
    while (b - a > 1e-9 * std::max(1e-3, std::abs(a))) {
      if (f_left > f_right) {
        b = right;
        right = left;
        f_right = f_left;
        left = b - kGolden * (b - a);
        f_left = going * value(left);
      } else {
        a = left;
        left = right;
        f_left = f_right;
        right = a + kGolden * (b - a);
        f_right = going * value(right);
      }
    }
    return {0.5 * (a + b), b - a};
  }

  /// m where f ~ c (z - z0)^m in the branch, from how f grows on both sides; 1 where it has no
  /// zero.
  int zero_order(const LevelSets::Grid& grid) const {
    const auto sign = [](double y) { return (y > 0) - (y < 0); };
    if (sign(grid.y.front()) * sign(grid.y.back()) >= 0) return 1;
    const auto beyond =
        std::ranges::find_if(grid.y, [&](double y) { return sign(y) != sign(grid.y.front()); });
    const auto at = static_cast<std::size_t>(beyond - grid.y.begin());
    const double zero =
        find_root([this](double z) { return value(z); }, grid.x[at - 1], grid.x[at]);
    const double room = std::min(zero - grid.smooth_from, grid.smooth_to - zero);
    const double reach = std::min(1e-3, room / 4);
    const auto growth = [&](double side) {
      return std::log2(std::abs(value(zero + 2 * side) / value(zero + side)));
    };
    const double left = growth(-reach), right = growth(reach), order = std::round(left);
    const bool clear = std::max(std::abs(left - order), std::abs(right - order)) < 0.1;
    return clear && order > 1 && order < 20 ? static_cast<int>(order) : 1;
  }

  void add_branch(const Piece& piece, std::size_t first, std::size_t last, const Stretch& stretch) {
    LevelSets::Grid grid{.x = {stretch.from},
                         .y = {value(stretch.from)},
                         .smooth_from = stretch.smooth_from,
                         .smooth_to = stretch.smooth_to};
    for (std::size_t i = first; i <= last; ++i) {
      if (piece.x[i] <= stretch.from || piece.x[i] >= stretch.to) continue;
      grid.x.push_back(piece.x[i]);
      grid.y.push_back(piece.y[i]);
    }
    grid.x.push_back(stretch.to);
    grid.y.push_back(value(stretch.to));
    grid.zero_order = zero_order(grid);
    // Beside a break or a turning point f is known up to what it does over the margin, beside a
    // pole up to a part of itself.
    const auto blur = [this](double end, double inside) {
      const double next = value(inside), size = std::abs(end);
      const double change = std::abs(next - end);
      return (size > std::abs(next) ? std::min(change, size / 8) : change) + 16 * kEpsilon * size;
    };
    out_.branches_.push_back({.from = stretch.from,
                              .to = stretch.to,
                              .value_from = grid.y.front(),
                              .value_to = grid.y.back(),
                              .blur_from = blur(grid.y.front(), stretch.from + stretch.margin_from),
                              .blur_to = blur(grid.y.back(), stretch.to - stretch.margin_to)});
    out_.grids_.push_back(std::move(grid));
    if (std::ssize(out_.branches_) > kMostWithRounding) fail_turning();
  }

  void check_branches() const {
    double size = 0;
    for (const Branch& branch : out_.branches_)
      size = std::max({size, std::abs(branch.value_from), std::abs(branch.value_to)});
    constexpr double kRounding = 1e-9;
    const auto wide = std::ranges::count_if(out_.branches_, [&](const Branch& branch) {
      return std::abs(branch.value_to - branch.value_from) > kRounding * size;
    });
    if (wide > kMostBranches) fail_turning();
  }

  [[noreturn]] static void fail_turning() {
    throw InvalidArgument("link",
                          fmt::format("the link turns or jumps more than {} times in -12 < z < 12, "
                                      "too often for its level sets to be followed; lower its "
                                      "frequency.",
                                      kMostBranches));
  }

  void gather_atoms() {
    double size = 0;
    for (const Flat& flat : flats_) size = std::max(size, std::abs(flat.level));
    std::ranges::sort(flats_, [](const Flat& a, const Flat& b) {
      return std::pair(a.level, a.interval.from) < std::pair(b.level, b.interval.from);
    });
    for (const auto& [level, interval, sharp] : flats_) {
      if (out_.atoms_.empty() || level - out_.atoms_.back().value > 1e-12 * size) {
        out_.atoms_.push_back({.value = level, .probability = 0, .where = {}, .sharp = false});
      }
      out_.atoms_.back().where.push_back(interval);
      if (sharp) out_.atoms_.back().sharp = true;
    }
    for (Atom& atom : out_.atoms_) {
      std::ranges::sort(atom.where, {}, &hermite::Interval::from);
      for (const auto& interval : atom.where) {
        atom.probability += (out_.even_ ? 2 : 1) * normal_probability(interval);
      }
    }
  }

  struct Flat {
    double level;
    hermite::Interval interval;
    bool sharp;
  };

  LevelSets& out_;
  const estimation::LinkFunction& link_;
  std::vector<Flat> flats_;
};

LevelSets::LevelSets(std::shared_ptr<const estimation::LinkFunction> link,
                     std::span<const double> breakpoints)
    : link_(std::move(link)) {
  if (link_->variables() != 1) {
    throw InvalidArgument("index::LevelSets",
                          fmt::format("level sets are those of links in one variable; this one has "
                                      "{}.",
                                      link_->variables()));
  }
  LevelSetBuilder(*this).build(breakpoints);
}

LevelSets::~LevelSets() = default;
LevelSets::LevelSets(LevelSets&&) noexcept = default;
LevelSets& LevelSets::operator=(LevelSets&&) noexcept = default;

namespace {

/// f = level between two neighbouring points of a branch's grid.
BracketedRoot bracket(const std::vector<double>& x, const std::vector<double>& y, double level) {
  const bool rising = y.back() > y.front();
  std::size_t low = 0, high = y.size() - 1;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    ((y[middle] < level) == rising ? low : high) = middle;
  }
  return {x[low], y[low] - level, x[high], y[high] - level};
}

/// |f|^{1/m} with the sign of f.
double signed_root(double f, int m) { return std::copysign(std::pow(std::abs(f), 1.0 / m), f); }

/// How far apart the points of the difference quotient lie: far enough for rounding, near enough
/// for the scale of the branch and the distance to where f ceases to be smooth. Beside an end where
/// f vanishes the distance to it is the scale, and values there are exact in relation to it.
double difference_step(
    const Branch& branch, double smooth_from, double smooth_to, double z, double level) {
  const double distance = std::min(z - smooth_from, smooth_to - z);
  double step = std::max(distance / 250, std::min(distance / 4, 1e-9));
  step = std::min({step, 2e-3, (branch.to - branch.from) / 500});
  if (std::abs(branch.value_from) < std::abs(level) / 2)
    step = std::min(step, (z - branch.from) / 50);
  if (std::abs(branch.value_to) < std::abs(level) / 2) step = std::min(step, (branch.to - z) / 50);
  return std::max(step, 4 * kEpsilon * std::abs(z));
}

}  // namespace

Preimages LevelSets::preimages(std::span<const double> levels) const {
  Preimages result;
  std::vector<BracketedRoot> roots;
  std::vector<double> targets;
  std::vector<std::size_t> branch_of;
  result.first.push_back(0);
  for (const double level : levels) {
    for (std::size_t b = 0; b < branches_.size(); ++b) {
      const auto [low, high] = std::minmax(branches_[b].value_from, branches_[b].value_to);
      if (!(low < level && level < high)) continue;
      roots.push_back(bracket(grids_[b].x, grids_[b].y, level));
      targets.push_back(level);
      branch_of.push_back(b);
    }
    result.first.push_back(roots.size());
  }

  std::vector<std::size_t> open(roots.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  std::vector<double> x, y;
  while (std::erase_if(open, [&](std::size_t i) { return roots[i].done(); }), !open.empty()) {
    x.resize(open.size());
    y.resize(open.size());
    for (std::size_t j = 0; j < open.size(); ++j) x[j] = roots[open[j]].next();
    link_->evaluate(x, y);
    for (std::size_t j = 0; j < open.size(); ++j) roots[open[j]].update(y[j] - targets[open[j]]);
  }

  // Central differences of sixth order: (45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60 h.
  constexpr std::size_t kPoints = 6;
  std::vector<double> step(roots.size());
  x.resize(kPoints * roots.size());
  y.resize(x.size());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const double z = roots[i].root();
    const auto& grid = grids_[branch_of[i]];
    step[i] =
        difference_step(branches_[branch_of[i]], grid.smooth_from, grid.smooth_to, z, targets[i]);
    for (std::size_t j = 0; j < kPoints / 2; ++j) {
      const double reach = static_cast<double>(j + 1) * step[i];
      x[kPoints * i + 2 * j] = z + reach;
      x[kPoints * i + 2 * j + 1] = z - reach;
    }
  }
  link_->evaluate(x, y);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    // At a zero of order m the root u = |f|^{1/m} is simple; f' = m u^{m-1} u'.
    const int m = grids_[branch_of[i]].zero_order;
    double* u = &y[kPoints * i];
    if (m > 1) std::transform(u, u + kPoints, u, [m](double f) { return signed_root(f, m); });
    const double slope = (45 * (u[0] - u[1]) - 9 * (u[2] - u[3]) + (u[4] - u[5])) / (60 * step[i]);
    const auto [least, most] = std::minmax_element(u, u + kPoints);
    const double noise = 2 * kEpsilon * std::max(std::abs(*least), std::abs(*most)) / step[i];
    const double steepness = std::max(std::abs(slope), noise);
    const double outer = m == 1 ? 1 : m * std::pow(std::abs(targets[i]), (m - 1.0) / m);
    const double z = roots[i].root();
    result.z.push_back(z);
    result.weight.push_back(normal_density(z) / std::max(outer * steepness, 1e-300));
    result.rounding.push_back(steepness > 0 ? std::min(1.0, noise / steepness) : 1.0);
  }
  return result;
}

}  // namespace thalweg::index
