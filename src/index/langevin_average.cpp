#include "thalweg/index/langevin_average.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "index/single_index.hpp"
#include "index/sphere_walker.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/gaussian.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::Target;

constexpr int kFewestBlocks = 5;      // before an error bar means anything
constexpr int kEstimatorBlocks = 80;  // an average may end after a sixteenth of its horizon

void check(const LangevinOptions& options) {
  const char* where = "index::average_langevin";
  if (!(options.inverse_temperature >= 0) || !(options.horizon > 0) || !(options.step > 0) ||
      options.step > 1) {
    throw InvalidArgument(where,
                          fmt::format("needs an inverse temperature of 0 or more, a horizon above "
                                      "0 and a step in (0, 1]; got {}, {} and {}.",
                                      options.inverse_temperature,
                                      options.horizon,
                                      options.step));
  }
  if (options.chains < 1 || options.blocks < 2) {
    throw InvalidArgument(where,
                          fmt::format("needs a chain and two blocks or more; got {} and {}.",
                                      options.chains,
                                      options.blocks));
  }
}

/// Chains side by side, a row each.
class Chains {
 public:
  Chains(const SphereLoss& loss, const LangevinOptions& options, Key key)
      : loss_(loss),
        eps_(options.inverse_temperature),
        dt_(options.step / loss.dimension()),
        noise_key_(key.with("noise")),
        points_(options.chains, loss.dimension()),
        descent_(Matrix::Zero(options.chains, loss.dimension())),
        noise_(options.chains, loss.dimension()),
        losses_(Vector::Zero(options.chains)) {
    for (Eigen::Index r = 0; r < points_.rows(); ++r) {
      const Key start = key.with("start").with(static_cast<std::uint64_t>(r));
      points_.row(r) = uniform_direction(loss.dimension(), start).transpose();
    }
    evaluate();
  }

  void step() {
    const auto size = static_cast<std::size_t>(noise_.size());
    fill_gaussian(std::span<double>(noise_.data(), size), noise_key_, steps_++ * size);
    project_to_tangent(points_, noise_);
    points_ += eps_ * dt_ * descent_ + std::sqrt(dt_) * noise_;
    points_.rowwise().normalize();
    evaluate();
  }

  const Matrix& points() const { return points_; }
  const Matrix& descent() const { return descent_; }  ///< b
  const Vector& losses() const { return losses_; }
  double dt() const { return dt_; }

 private:
  void evaluate() {
    loss_.evaluate(points_, descent_, losses_);
    project_to_tangent(points_, descent_);
  }

  const SphereLoss& loss_;
  double eps_, dt_;
  Key noise_key_;
  std::uint64_t steps_ = 0;
  Matrix points_, descent_, noise_;
  Vector losses_;
};

/// What a step adds to the average.
Matrix contribution(const Chains& chains, const LangevinOptions& options) {
  const Matrix& theta = chains.points();
  const Matrix& averaged = options.rao_blackwell ? chains.descent() : theta;
  if (options.readout == Readout::kFirst) return averaged.colwise().sum().transpose();
  const Matrix product = theta.transpose() * averaged;
  return options.rao_blackwell ? Matrix(product + product.transpose()) : product;
}

}  // namespace

LangevinAverage average_langevin(const SphereLoss& loss, const LangevinOptions& options, Key key) {
  check(options);
  const int d = loss.dimension();
  Chains chains(loss, options, key);
  for (int step = 0; step < std::ceil(10 / options.step); ++step) chains.step();

  // Neighbouring points say the same: outer products are taken five times a decorrelation time.
  const std::int64_t every =
      options.readout == Readout::kFirst ? 1 : std::llround(std::ceil(0.2 / options.step));
  const double steps = options.horizon / (options.chains * chains.dt());
  const auto block_steps =
      every * std::max<std::int64_t>(1, std::llround(std::ceil(steps / options.blocks / every)));
  DirectionAverage average(options.readout, d, options.blocks);
  LangevinAverage result{.direction = {}, .mean = {}};
  int next_look = kFewestBlocks;
  double count = 0, loss_sum = 0, loss_squares = 0, points = 0;
  for (int block = 0; block < options.blocks; ++block) {
    if (options.interrupted && options.interrupted()) break;
    Matrix sum = Matrix::Zero(d, options.readout == Readout::kFirst ? 1 : d);
    for (std::int64_t step = 1; step <= block_steps; ++step) {
      chains.step();
      if (step % every == 0) sum += contribution(chains, options);
      loss_sum += chains.losses().sum();
      loss_squares += chains.losses().squaredNorm();
      if (options.watch) options.watch(chains.points());
    }
    const double added = static_cast<double>(block_steps / every) * options.chains;
    average.add(block, sum, added);
    result.mean = block == 0 ? sum : Matrix(result.mean + sum);
    count += added;
    points += static_cast<double>(block_steps) * options.chains;
    if (block + 1 == next_look && options.angle_tolerance > 0) {
      next_look *= 2;
      if (average.angle_error() < options.angle_tolerance) break;
    }
  }
  if (count == 0) return result;
  result.mean /= count;
  result.direction = average.direction();
  result.strength = average.strength();
  result.angle_error = average.angle_error();
  result.time = points * chains.dt();
  result.effective_samples = 0.5 * d * result.time;
  result.loss_mean = loss_sum / points;
  result.loss_deviation =
      std::sqrt(std::max(0.0, loss_squares / points - result.loss_mean * result.loss_mean));
  return result;
}

double locking_temperature(const HiddenSignal& signal) {
  if (signal.order == 1) return 0;
  // -log(1 - a^2) / (4 a^k) has one minimum; at k = 2 it is approached at a = 0.
  double least = std::numeric_limits<double>::infinity();
  for (double a = 1e-4; a < 1; a += 1e-4) {
    least = std::min(least, -std::log1p(-a * a) / (4 * std::pow(a, signal.order)));
  }
  return signal.dimension * least / signal.strength;
}

double default_inverse_temperature(const HiddenSignal& signal) {
  const double most = signal.order == 1 ? 0.3 * signal.dimension / signal.strength
                                        : 0.6 * locking_temperature(signal);
  return std::min(0.5 * std::sqrt(signal.samples), most);
}

double limit_noise(const HiddenSignal& signal) {
  const int k = signal.order, odd = k % 2, traces = (k - 1) / 2;
  double variance = odd == 1 ? 1 : 2;
  for (int j = 1; j <= k; ++j) variance /= j;
  for (int j = 1; j <= traces; ++j) variance *= 2 * j * (signal.dimension + 2 * (j + 1 - odd));
  return signal.dimension * variance / (signal.samples * signal.strength * signal.strength);
}

double default_horizon(const HiddenSignal& signal, double inverse_temperature) {
  const int k = signal.order;
  double double_factorial = 1;  // k!! or (k - 1)!!
  for (int j = k % 2 == 1 ? k : k - 1; j > 1; j -= 2) double_factorial *= j;
  const double reach = inverse_temperature * double_factorial * signal.strength;
  const double even = k % 2 == 1 ? 1 : 2.0 / (k * k);
  return 10 * even * std::pow(signal.dimension, k) / (reach * reach) / (1 + limit_noise(signal));
}

namespace {

class LangevinEstimator : public BatchEstimator {
 public:
  explicit LangevinEstimator(const LangevinEstimatorOptions& options)
      : BatchEstimator("langevin-average"), options_(options) {}

 protected:
  void check(const Target& target, int dimension) const override {
    check_single_index(name(), target, dimension);
  }

  Estimate estimate_rows(MatrixView x,
                         VectorView y,
                         const Target& target,
                         const Effort& effort) const override {
    const auto scale = response_scale(target, y);
    const Vector standard = (y.array() - scale.mean) / scale.deviation;
    std::optional<LangevinAverage> best;
    for (const double sign : attracting_signs(scale, target.order)) {
      const double known = std::abs(scale.coefficient(target.order));
      const auto found = average(x, sign * standard, target.order, known, effort);
      if (found.direction.size() == 0) return {.directions = Matrix(x.cols(), 0)};
      if (!best || found.strength > best->strength) best = found;
    }
    return {
        .directions = best->direction,
        .note = fmt::format("{:.3g} decorrelated points; the average is known to {:.2g} radians.",
                            best->effective_samples,
                            best->angle_error)};
  }

 private:
  /// @param known  |c_k|, 0 where it is not known
  LangevinAverage average(
      MatrixView x, const Vector& y, int k, double known, const Effort& effort) const {
    HiddenSignal signal{.order = k,
                        .dimension = static_cast<double>(x.cols()),
                        .strength = known > 0 ? known : 1,
                        .samples = static_cast<double>(x.rows())};
    const double eps = default_inverse_temperature(signal);
    // An unknown coefficient is taken for a half; the tolerance ends the average where it is more.
    if (known == 0) signal.strength = 0.5;
    const double horizon = default_horizon(signal, eps);
    const double evaluations = horizon * signal.dimension / options_.step;
    const auto loss = fastest_correlation_loss(k, x, y, evaluations);
    const double share = std::min(1.0, options_.most_flops / (evaluations * loss->flops()));
    return average_langevin(*loss,
                            {.readout = k % 2 == 1 ? Readout::kFirst : Readout::kSecond,
                             .rao_blackwell = options_.rao_blackwell,
                             .inverse_temperature = eps,
                             .horizon = horizon * share,
                             .step = options_.step,
                             .blocks = kEstimatorBlocks,
                             .angle_tolerance = options_.angle_tolerance,
                             .interrupted = effort.interrupted},
                            effort.key);
  }

  LangevinEstimatorOptions options_;
};

}  // namespace

std::unique_ptr<estimation::Estimator> langevin_average(const LangevinEstimatorOptions& options) {
  return std::make_unique<LangevinEstimator>(options);
}

}  // namespace thalweg::index
