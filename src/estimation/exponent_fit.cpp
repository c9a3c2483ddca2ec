#include "thalweg/estimation/exponent_fit.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::estimation {
namespace {

// Where the fraction of seeds that reached it crosses one half: log n, and the part of the gap
// between the two sizes that its jump takes up.
struct Crossing {
  double log_samples = 0;
  double uncertain_width = 0;
  bool inside = false;
};

Crossing find_crossing(std::span<const std::int64_t> samples, std::span<const double> fractions) {
  const auto log_at = [&](std::size_t i) { return std::log(static_cast<double>(samples[i])); };
  const auto fitted = isotonic_regression(fractions);
  const auto above =
      static_cast<std::size_t>(std::ranges::lower_bound(fitted, 0.5) - fitted.begin());
  if (above == 0) return {.log_samples = log_at(0)};
  if (above == fitted.size()) return {.log_samples = log_at(fitted.size() - 1)};
  const double gap = log_at(above) - log_at(above - 1);
  const double jump = fitted[above] - fitted[above - 1];
  return {.log_samples = log_at(above - 1) + gap * (0.5 - fitted[above - 1]) / jump,
          .uncertain_width = gap * jump,
          .inside = true};
}

double standard_deviation(std::span<const double> values) {
  const Eigen::Map<const Eigen::ArrayXd> v(values.data(), std::ssize(values));
  return std::sqrt((v - v.mean()).square().sum() / static_cast<double>(values.size() - 1));
}

// Coefficients of weighted least squares for a polynomial of the given degree.
Eigen::VectorXd fit_polynomial(const Eigen::VectorXd& x,
                               const Eigen::VectorXd& y,
                               const Eigen::VectorXd& weights,
                               int degree) {
  Eigen::MatrixXd powers(x.size(), degree + 1);
  for (int j = 0; j <= degree; ++j) powers.col(j) = x.array().pow(j);
  const Eigen::VectorXd scale = weights.cwiseSqrt();
  return linalg::least_squares(scale.asDiagonal() * powers, scale.cwiseProduct(y));
}

}  // namespace

std::vector<double> isotonic_regression(std::span<const double> values) {
  struct Block {
    double sum;
    std::size_t count;
    double mean() const { return sum / static_cast<double>(count); }
  };
  std::vector<Block> blocks;
  for (const double value : values) {
    blocks.push_back({value, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().count += last.count;
    }
  }
  std::vector<double> fitted;
  for (const Block& block : blocks) fitted.insert(fitted.end(), block.count, block.mean());
  return fitted;
}

SamplesToHalf samples_to_half(std::span<const std::int64_t> samples,
                              const std::vector<std::vector<double>>& overlaps2,
                              Key key,
                              int bootstraps) {
  if (samples.empty() || overlaps2.size() != samples.size() || overlaps2[0].empty() ||
      std::ranges::any_of(overlaps2,
                          [&](const auto& row) { return row.size() != overlaps2[0].size(); })) {
    throw InvalidArgument("estimation::samples_to_half",
                          fmt::format("needs a row of overlaps, one a seed, for each of the {} "
                                      "sample sizes; got {} rows.",
                                      samples.size(),
                                      overlaps2.size()));
  }
  const auto complete = [](const std::vector<double>& row) {
    return std::ranges::none_of(row, [](double value) { return std::isnan(value); });
  };
  const auto sizes =
      static_cast<std::size_t>(std::ranges::find_if_not(overlaps2, complete) - overlaps2.begin());
  const std::size_t seeds = overlaps2[0].size();
  if (sizes == 0) return {};
  samples = samples.first(sizes);

  std::vector<double> fractions(sizes);
  const auto crossing_of = [&](auto chosen_seed) {
    for (std::size_t i = 0; i < sizes; ++i) {
      std::size_t reached = 0;
      for (std::size_t s = 0; s < seeds; ++s) reached += overlaps2[i][chosen_seed(s)] >= 0.5;
      fractions[i] = static_cast<double>(reached) / static_cast<double>(seeds);
    }
    return find_crossing(samples, fractions);
  };

  const Crossing crossing = crossing_of([](std::size_t s) { return s; });
  if (!crossing.inside) return {};
  SamplesToHalf half{.samples = std::exp(crossing.log_samples)};
  std::vector<std::size_t> drawn(seeds);
  for (int b = 0; b < bootstraps; ++b) {
    const Key draw = key.with(static_cast<std::uint64_t>(b));
    for (std::size_t s = 0; s < seeds; ++s)
      drawn[s] = static_cast<std::size_t>(uniform(draw, s) * static_cast<double>(seeds));
    const Crossing replicate = crossing_of([&](std::size_t s) { return drawn[s]; });
    const double jitter = (uniform(draw, seeds) - 0.5) * replicate.uncertain_width;
    half.log_replicates.push_back(replicate.log_samples + jitter);
  }
  half.log_se = standard_deviation(half.log_replicates);
  return half;
}

ExponentFit fit_exponent(std::span<const int> dimensions, std::span<const SamplesToHalf> points) {
  std::vector<const SamplesToHalf*> known;
  std::vector<double> logs;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].samples) continue;
    known.push_back(&points[i]);
    logs.push_back(std::log(static_cast<double>(dimensions[i])));
  }
  if (known.size() < 2) return {};
  const auto count = static_cast<Eigen::Index>(known.size());
  const Eigen::Map<const Eigen::VectorXd> x(logs.data(), count);
  Eigen::VectorXd y(count), weights(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto& point = *known[static_cast<std::size_t>(i)];
    y[i] = std::log(*point.samples);
    weights[i] = 1 / (point.log_se * point.log_se);
  }
  const double centre = x.mean();  // the quadratic fit is then well conditioned
  const Eigen::VectorXd centred = x.array() - centre;
  const bool curved = count > 2;
  const Eigen::VectorXd line = fit_polynomial(centred, y, weights, 1);
  std::vector<double> slopes, curvatures;
  for (std::size_t b = 0; b < known[0]->log_replicates.size(); ++b) {
    Eigen::VectorXd replicate(count);
    for (Eigen::Index i = 0; i < count; ++i)
      replicate[i] = known[static_cast<std::size_t>(i)]->log_replicates.at(b);
    slopes.push_back(fit_polynomial(centred, replicate, weights, 1)[1]);
    if (curved) curvatures.push_back(fit_polynomial(centred, replicate, weights, 2)[2]);
  }
  ExponentFit fit{.exponent = line[1],
                  .se = standard_deviation(slopes),
                  .log_prefactor = line[0] - line[1] * centre};
  if (curved)
    fit.curvature = fit_polynomial(centred, y, weights, 2)[2] / standard_deviation(curvatures);
  return fit;
}

}  // namespace thalweg::estimation
