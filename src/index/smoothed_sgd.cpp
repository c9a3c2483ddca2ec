#include "thalweg/index/smoothed_sgd.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "index/single_index.hpp"
#include "index/sphere_walker.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/smoothing.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::SampleSource;
using estimation::Target;
using Radius = SmoothedSgdOptions::Radius;

constexpr std::int64_t kScaleRows = 1000;
constexpr std::int64_t kBlockEntries = 1 << 15;  // a block of rows stays in the cache

/// Mean and variance over about the last `window` values.
class RunningMean {
 public:
  explicit RunningMean(double window) : window_(window) {}

  void add(double value) {
    count_ = std::min(count_ + 1, window_);
    const double difference = value - mean_;
    mean_ += difference / count_;
    variance_ += (difference * (value - mean_) - variance_) / count_;
  }
  double mean() const { return mean_; }
  double standard_error() const { return std::sqrt(variance_ / count_); }

 private:
  double window_, count_ = 0, mean_ = 0, variance_ = 0;
};

/// What all chains of an estimate share.
struct Plan {
  int order = 1;
  int dimension = 0;
  Radius radius_rule = Radius::kNone;
  double radius = 0;
  std::int64_t batch = 1;
  double rate_scale = 0.2;
  double clip = 0.5;
  /// Of E[y psi(w.x)] in the overlap, at w*: value and slope. Nothing where the link is not known.
  struct AtTarget {
    double value, slope;
  };
  std::optional<AtTarget> at_target = {};
  std::int64_t earliest_refinement = 0;  ///< row, where at_target is not known
};

class Chain {
 public:
  Chain(const Plan& plan, std::vector<double> series, const Vector& start)
      : plan_(plan),
        student_(series, plan.dimension, plan.radius),
        walker_(start),
        gradient_(Vector::Zero(plan.dimension)),
        agreement_(4 * std::pow(plan.dimension, std::max(1.0, 0.5 * plan.order))) {
    set_rate();
  }

  void see(std::span<const double> x, double y) {
    const auto sight = walker_.see(x);
    if (!(sight.b > 0)) return;  // x along w has nothing to say
    agreement_.add(y * student_.value(sight.a));
    ++rows_;
    const double steps = refining_ ? plan_.dimension + static_cast<double>(rows_ - found_at_)
                                   : static_cast<double>(plan_.batch);
    const double g =
        clipped(rate_ / steps * y * student_.derivative(sight.a, sight.b), sight.b, plan_.clip);
    if (refining_ || plan_.batch == 1) {
      walker_.move(x, g, g * sight.a);
    } else {
      gather(x, g, g * sight.a);
    }
    if (!refining_ && gathered_ == 0) adapt();
  }

  bool refining() const { return refining_; }
  double score() const { return agreement_.mean(); }
  Vector direction() const { return walker_.unit(); }

 private:
  void gather(std::span<const double> x, double g, double along) {
    const std::span<double> sum(gradient_.data(), static_cast<std::size_t>(gradient_.size()));
    kernels::combine_with_row(x, 1, g, sum);
    along_ += along;
    if (++gathered_ < plan_.batch) return;
    walker_.move(std::span<const double>(sum), 1, along_);
    gradient_.setZero();
    along_ = 0;
    gathered_ = 0;
  }

  bool found() const {
    if (plan_.at_target) return agreement_.mean() > 0.7 * plan_.at_target->value;
    return rows_ >= plan_.earliest_refinement &&
           agreement_.mean() > 6 * agreement_.standard_error();
  }

  void adapt() {
    // The mean needs some rows before it means anything.
    if (rows_ < plan_.dimension) return;
    if (found()) {
      refining_ = true;
      found_at_ = rows_;
      student_.set_radius(0);
      rate_ = 1 / (plan_.at_target ? plan_.at_target->slope : plan_.order * agreement_.mean());
    } else if (plan_.radius_rule == Radius::kAnnealed) {
      const double share =
          std::max(agreement_.mean(), 0.0) / (plan_.at_target ? plan_.at_target->value : 1);
      const double overlap = std::pow(share, 1.0 / plan_.order);
      student_.set_radius(plan_.radius * std::min(1.0, 0.5 / overlap));
      set_rate();
    }
  }

  void set_rate() {
    rate_ = default_learning_rate(plan_.order,
                                  plan_.dimension,
                                  student_.radius(),
                                  static_cast<double>(plan_.batch),
                                  plan_.rate_scale);
  }

  Plan plan_;
  SmoothedStudent student_;
  SphereWalker walker_;
  Vector gradient_;  // of the batch so far
  double along_ = 0;
  std::int64_t gathered_ = 0, rows_ = 0, found_at_ = 0;
  RunningMean agreement_;
  double rate_ = 0;
  bool refining_ = false;
};

class SmoothedSgd : public estimation::Estimator {
 public:
  SmoothedSgd(std::string name, const SmoothedSgdOptions& options)
      : name_(std::move(name)), options_(options) {}

  std::string name() const override { return name_; }

  std::vector<Estimate> estimate(const SampleSource& source,
                                 const Target& target,
                                 std::span<const std::int64_t> samples,
                                 const Effort& effort) const override {
    check_samples(name_, source, samples);
    check_single_index(name_, target, source.dimension());
    if (samples.empty()) return {};
    const auto scale = scale_of(source, target, std::min(kScaleRows, samples.front()));
    std::vector<Estimate> estimates;
    auto chains = start_chains(source, target, scale, samples.back(), effort);
    std::int64_t done = 0;
    for (const std::int64_t n : samples) {
      if (options_.passes > 1) chains = start_chains(source, target, scale, n, effort), done = 0;
      for (int pass = 0; pass < options_.passes; ++pass) {
        const std::int64_t from = pass == 0 ? done : 0;
        if (!walk(chains, source, target, scale, from, n, effort)) return estimates;
      }
      done = n;
      const auto best = std::ranges::max_element(chains, {}, &Chain::score);
      estimates.push_back({.directions = best->direction()});
    }
    return estimates;
  }

 private:
  static ResponseScale scale_of(const SampleSource& source,
                                const Target& target,
                                std::int64_t rows) {
    Matrix x(rows, source.dimension());
    Vector y(rows);
    source.read(0, x, y);
    if (target.label_transform) y = y.unaryExpr(target.label_transform).eval();
    return response_scale(target, y);
  }

  Plan plan(const SampleSource& source,
            const Target& target,
            const ResponseScale& scale,
            std::span<const double> series,
            std::int64_t rows) const {
    const int k = target.order, d = source.dimension();
    Plan plan{.order = k,
              .dimension = d,
              .radius_rule = options_.radius,
              .radius = first_radius(options_, k, d),
              .rate_scale = options_.rate_scale,
              .clip = options_.clip,
              .earliest_refinement = options_.passes * rows / 2};
    plan.batch = options_.batch > 0 ? options_.batch : default_batch(k, d, plan.radius);
    double value = 0, slope = 0;
    for (std::size_t j = 0; j < std::min(series.size(), scale.coefficients.size()); ++j) {
      value += scale.coefficients[j] * series[j];
      slope += static_cast<double>(j) * scale.coefficients[j] * series[j];
    }
    if (value > 0 && slope > 0) plan.at_target = {.value = value, .slope = slope};
    return plan;
  }

  /// psi, with the sign under which w* attracts where that is known.
  std::vector<double> series_of(const Target& target, const ResponseScale& scale) const {
    const bool link = options_.student == SmoothedSgdOptions::Student::kLink;
    if (link && scale.coefficients.empty()) {
      throw InvalidArgument(name_,
                            "the link as its student needs a link in one variable; use h_k.");
    }
    if (link) return scale.coefficients;
    auto series = hermite_student(target.order);
    if (scale.coefficient(target.order) < 0) series.back() = -1;
    return series;
  }

  std::vector<Chain> start_chains(const SampleSource& source,
                                  const Target& target,
                                  const ResponseScale& scale,
                                  std::int64_t rows,
                                  const Effort& effort) const {
    auto series = series_of(target, scale);
    const Plan shared = plan(source, target, scale, series, rows);
    const Vector start = uniform_direction(source.dimension(), effort.key.with("start"));
    std::vector<Chain> chains = {Chain(shared, series, start)};
    if (target.order % 2 == 1) {  // psi(-u): the chain from -w, mirrored
      for (std::size_t j = 1; j < series.size(); j += 2) series[j] = -series[j];
      chains.emplace_back(shared, series, start);
    } else if (scale.coefficient(target.order) == 0) {
      for (double& c : series) c = -c;
      chains.emplace_back(shared, series, start);
    }
    return chains;
  }

  /// Rows from..to. Returns false if it was interrupted.
  static bool walk(std::vector<Chain>& chains,
                   const SampleSource& source,
                   const Target& target,
                   const ResponseScale& scale,
                   std::int64_t from,
                   std::int64_t to,
                   const Effort& effort) {
    const int d = source.dimension();
    const std::int64_t block = std::max<std::int64_t>(1, kBlockEntries / d);
    Matrix x(block, d);
    Vector y(block);
    for (std::int64_t first = from; first < to; first += block) {
      if (effort.interrupted && effort.interrupted()) return false;
      const std::int64_t count = std::min(block, to - first);
      source.read(first, x.topRows(count), y.head(count));
      if (target.label_transform) {
        y.head(count) = y.head(count).unaryExpr(target.label_transform).eval();
      }
      for (std::int64_t i = 0; i < count; ++i) {
        const std::span<const double> row(x.row(i).data(), static_cast<std::size_t>(d));
        const double response = scale.standardise(y[i]);
        for (Chain& chain : chains) chain.see(row, response);
        if (chains.size() > 1) leave_the_finder(chains);
      }
    }
    return true;
  }

  /// Where one chain has found w, the other has nothing to add.
  static void leave_the_finder(std::vector<Chain>& chains) {
    const auto finder = std::ranges::find_if(chains, &Chain::refining);
    if (finder != chains.end()) chains = {*finder};
  }

  std::string name_;
  SmoothedSgdOptions options_;
};

}  // namespace

double first_radius(const SmoothedSgdOptions& options, int order, int dimension) {
  switch (options.radius) {
    case Radius::kNone:
      return 0;
    case Radius::kPower:
      return std::pow(dimension, options.radius_exponent);
    case Radius::kAutomatic:
      return best_radius(order, dimension);
    case Radius::kDefault:
    case Radius::kAnnealed:
      break;
  }
  return default_radius(order, dimension);
}

std::unique_ptr<estimation::Estimator> smoothed_sgd(const SmoothedSgdOptions& options) {
  return std::make_unique<SmoothedSgd>("smoothed-sgd", options);
}

std::unique_ptr<estimation::Estimator> online_sgd(double rate_scale, int passes) {
  return std::make_unique<SmoothedSgd>(
      "online-sgd",
      SmoothedSgdOptions{.radius = Radius::kNone, .rate_scale = rate_scale, .passes = passes});
}

}  // namespace thalweg::index
