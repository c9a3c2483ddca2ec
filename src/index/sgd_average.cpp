#include "thalweg/index/sgd_average.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "index/single_index.hpp"
#include "index/sphere_walker.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"
#include "thalweg/index/langevin_average.hpp"
#include "thalweg/index/smoothing.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::Target;

constexpr int kBlocksPerChain = 5;
constexpr std::int64_t kDrawn = 4096;  // rows drawn at once
constexpr std::size_t kAhead = 8;      // steps; a row from memory takes as long as they do

void check(const FloatMatrix& x, const Vector& y, const SgdAverageOptions& options) {
  const char* where = "index::average_sgd";
  if (x.rows() < 1 || x.rows() != y.size() || x.cols() < 4) {
    throw InvalidArgument(where,
                          fmt::format("needs rows of four columns or more and a response for each; "
                                      "got ({}, {}) and {}.",
                                      x.rows(),
                                      x.cols(),
                                      y.size()));
  }
  if (options.order < 1 || options.order > kHighestStudentDegree || !(options.rate > 0) ||
      !(options.clip > 0) || options.steps < 1 || options.chains < 1) {
    throw InvalidArgument(where,
                          fmt::format("needs order 1 to {}, rate and clip above 0, a step and a "
                                      "chain or more; got {}, {}, {}, {} and {}.",
                                      kHighestStudentDegree,
                                      options.order,
                                      options.rate,
                                      options.clip,
                                      options.steps,
                                      options.chains));
  }
}

/// One chain on the fixed rows.
class FixedRowsChain {
 public:
  FixedRowsChain(const FloatMatrix& x, const Vector& y, const SgdAverageOptions& options, Key key)
      : x_(x),
        y_(y),
        student_(hermite_student(options.order), static_cast<int>(x.cols()), 0),
        walker_(uniform_direction(static_cast<int>(x.cols()), key.with("start"))),
        rate_(options.rate / std::sqrt(static_cast<double>(options.order * x.cols()))),
        clip_(options.clip),
        key_(key.with("rows")) {}

  void step() {
    if (next_ == drawn_.size()) draw();
    const std::int64_t i = drawn_[next_];
    prefetch(drawn_[std::min(next_ + kAhead, drawn_.size() - 1)]);
    ++next_;
    const std::span<const float> row(x_.row(i).data(), static_cast<std::size_t>(x_.cols()));
    const auto sight = walker_.see(row);
    if (!(sight.b > 0)) return;
    const double g = clipped(rate_ * y_[i] * student_.derivative(sight.a, sight.b), sight.b, clip_);
    walker_.move(row, g, g * sight.a);
  }

  const SphereWalker& walker() const { return walker_; }

 private:
  void draw() {
    std::vector<double> uniforms(static_cast<std::size_t>(kDrawn));
    fill_uniform(std::span<double>(uniforms), key_, static_cast<std::uint64_t>(draws_));
    draws_ += kDrawn;
    drawn_.resize(uniforms.size());
    std::ranges::transform(uniforms, drawn_.begin(), [n = x_.rows()](double u) {
      return static_cast<std::int64_t>(u * static_cast<double>(n));
    });
    next_ = 0;
  }

  void prefetch(std::int64_t i) const {
    const float* row = x_.row(i).data();
    for (Eigen::Index j = 0; j < x_.cols(); j += 16) __builtin_prefetch(row + j);
  }

  const FloatMatrix& x_;
  const Vector& y_;
  SmoothedStudent student_;
  SphereWalker walker_;
  double rate_, clip_;
  Key key_;
  std::int64_t draws_ = 0;
  std::vector<std::int64_t> drawn_;
  std::size_t next_ = 0;
};

}  // namespace

SgdAverage average_sgd(const FloatMatrix& x,
                       const Vector& y,
                       const SgdAverageOptions& options,
                       Key key) {
  check(x, y, options);
  const int d = static_cast<int>(x.cols());
  // A chain forgets the degree-one part of its past within 2 / (d dt) steps, d dt = rate^2: a tenth
  // of that lies between points averaged, five times it are left out at the start.
  const auto every = static_cast<std::int64_t>(std::ceil(0.2 / (options.rate * options.rate)));
  const std::int64_t points = std::max<std::int64_t>(
      1, options.steps / (every * options.chains * kBlocksPerChain));  // of a block

  DirectionAverage average(options.readout, d, options.chains * kBlocksPerChain);
  std::atomic<bool> stopped = false;
  parallel_for(options.chains, options.threads, [&](std::int64_t number) {
    FixedRowsChain chain(x, y, options, key.with(static_cast<std::uint64_t>(number)));
    for (std::int64_t step = 0; step < 50 * every; ++step) chain.step();
    for (int block = 0; block < kBlocksPerChain; ++block) {
      Vector first = Vector::Zero(d);
      Matrix second = Matrix::Zero(d, options.readout == Readout::kSecond ? d : 0);
      for (std::int64_t point = 0; point < points; ++point) {
        if (point % 1024 == 0 && options.interrupted && options.interrupted()) stopped = true;
        if (stopped) return;
        for (std::int64_t step = 0; step < every; ++step) chain.step();
        if (options.readout == Readout::kFirst) {
          chain.walker().add_to(first);
        } else {
          second.selfadjointView<Eigen::Lower>().rankUpdate(chain.walker().unit());
        }
        if (options.watch) options.watch(chain.walker().unit());
      }
      const int place = static_cast<int>(number) * kBlocksPerChain + block;
      if (options.readout == Readout::kSecond) {
        average.add(place, second.selfadjointView<Eigen::Lower>(), static_cast<double>(points));
      } else {
        average.add(place, first, static_cast<double>(points));
      }
    }
  });
  if (stopped) return {};
  return {.direction = average.direction(),
          .strength = average.strength(),
          .angle_error = average.angle_error()};
}

namespace {

class SgdAverageEstimator : public BatchEstimator {
 public:
  explicit SgdAverageEstimator(const SgdAverageEstimatorOptions& options)
      : BatchEstimator("sgd-average"), options_(options) {}

 protected:
  void check(const Target& target, int dimension) const override {
    check_single_index(name(), target, dimension);
  }

  Estimate estimate_rows(MatrixView x,
                         VectorView y,
                         const Target& target,
                         const Effort& effort) const override {
    const auto scale = response_scale(target, y);
    const Vector standard = ((y.array() - scale.mean) / scale.deviation)
                                .max(-options_.response_clip)
                                .min(options_.response_clip);
    const FloatMatrix rows = x.cast<float>();
    const auto options =
        options_for(scale, target.order, static_cast<int>(x.cols()), x.rows(), effort);
    SgdAverage best;
    for (const double sign : attracting_signs(scale, target.order)) {
      const auto found = average_sgd(rows, sign * standard, options, effort.key);
      if (found.direction.size() == 0) return {.directions = Matrix(x.cols(), 0)};
      if (best.direction.size() == 0 || found.strength > best.strength) best = found;
    }
    return {.directions = best.direction,
            .note = fmt::format("The average is known to {:.2g} radians.", best.angle_error)};
  }

 private:
  SgdAverageOptions options_for(const ResponseScale& scale,
                                int k,
                                int dimension,
                                Eigen::Index rows,
                                const Effort& effort) const {
    const double known = std::abs(scale.coefficient(k));
    const double steps = k * default_horizon({.order = k,
                                              .dimension = static_cast<double>(dimension),
                                              .strength = known > 0 ? known : 0.5,
                                              .samples = static_cast<double>(rows)},
                                             1);
    return {.order = k,
            .readout = k % 2 == 1 ? Readout::kFirst : Readout::kSecond,
            .rate = options_.rate,
            .steps = static_cast<std::int64_t>(
                std::min(std::ceil(steps), static_cast<double>(options_.most_steps))),
            .clip = options_.clip,
            .threads = effort.threads,
            .interrupted = effort.interrupted};
  }

  SgdAverageEstimatorOptions options_;
};

}  // namespace

std::unique_ptr<estimation::Estimator> sgd_average(const SgdAverageEstimatorOptions& options) {
  return std::make_unique<SgdAverageEstimator>(options);
}

}  // namespace thalweg::index
