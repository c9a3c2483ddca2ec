#include "thalweg/index/reduced_chain.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "index/kernels/reduced_chain.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"
#include "thalweg/index/smoothing.hpp"

namespace thalweg::index {
namespace {

constexpr const char* kWhere = "index::reduced_chain";
constexpr std::size_t kGroup = 32;   // chains side by side: the draws of a block stay in the cache
constexpr std::size_t kBlock = 128;  // steps drawn at once

void check(const ReducedChainOptions& options,
           std::span<const double> start,
           std::span<const std::int64_t> samples) {
  if (!options.link || options.link->variables() != 1) {
    throw InvalidArgument(kWhere, "needs a link in one variable.");
  }
  if (!(options.learning_rate > 0) || !(options.clip > 0) || !(options.decay_time > 0)) {
    throw InvalidArgument(
        kWhere,
        fmt::format("learning rate, clip and decay time must be above 0; got {}, {} and {}.",
                    options.learning_rate,
                    options.clip,
                    options.decay_time));
  }
  if (options.steps < 0 || !std::is_sorted(samples.begin(), samples.end()) ||
      (!samples.empty() && (samples.front() < 0 || samples.back() > options.steps))) {
    throw InvalidArgument(
        kWhere, fmt::format("sample sizes must ascend from 0 to {} at most.", options.steps));
  }
  for (const double alpha : start) {
    if (!(std::abs(alpha) <= 1)) {
      throw InvalidArgument(kWhere, fmt::format("a chain starts in [-1, 1]; got {}.", alpha));
    }
  }
}

// Flips where g lies in the lower tail of probability `level`.
void add_noise(const estimation::Noise& noise, std::span<const double> g, std::span<double> y) {
  using Kind = estimation::Noise::Kind;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (noise.kind == Kind::kGaussian) y[i] += noise.level * g[i];
    const auto flips = [&] { return 0.5 * std::erfc(-g[i] / std::numbers::sqrt2) < noise.level; };
    if (noise.kind == Kind::kFlip && flips()) y[i] = -y[i];
  }
}

/// Chains that advance together; those that have ended leave the group between blocks.
class Group {
 public:
  Group(const ReducedChainOptions& options,
        const SmoothedStudent& student,
        std::span<const double> start,
        std::span<const std::int64_t> samples,
        Key key,
        std::size_t first,
        std::span<ReducedChainPath> paths)
      : options_(options), student_(student), samples_(samples), paths_(paths) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      keys_.push_back(key.with(first + i));
      alpha_.push_back(start[first + i]);
      chain_.push_back(i);
    }
    note_passages(0);
    note_samples(0);
  }

  void run() {
    for (std::int64_t step = 0; step < options_.steps;) {
      drop_ended();
      if (chain_.empty()) return;
      const std::size_t length =
          std::min<std::size_t>(kBlock, static_cast<std::size_t>(options_.steps - step));
      draw(step, length);
      for (std::size_t t = 0; t < length; ++t) {
        advance(t, step);
        ++step;
        note_passages(step);
        note_samples(step);
      }
    }
  }

 private:
  void drop_ended() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      if (paths_[chain_[i]].passage) continue;
      keys_[kept] = keys_[i];
      alpha_[kept] = alpha_[i];
      chain_[kept++] = chain_[i];
    }
    chain_.resize(kept);
    // Lanes without a chain repeat the first one.
    const std::size_t lanes =
        (kept + kernels::kChainLanes - 1) / kernels::kChainLanes * kernels::kChainLanes;
    keys_.resize(kept);
    alpha_.resize(kept);
    keys_.resize(lanes, kept > 0 ? keys_[0] : Key{});
    alpha_.resize(lanes, kept > 0 ? alpha_[0] : 0);
    z_.resize(lanes);
    y_.resize(lanes);
  }

  void draw(std::int64_t step, std::size_t length) {
    for (auto* draws : {&along_, &across_, &rest_}) draws->resize(length * keys_.size());
    if (noisy()) noise_.resize(length * keys_.size());
    kernels::draw_chains(keys_,
                         static_cast<std::uint64_t>(step),
                         options_.dimension - 2,
                         {.along = along_, .across = across_, .rest = rest_, .noise = noise_});
  }

  bool noisy() const { return options_.noise.kind != estimation::Noise::Kind::kNone; }

  std::span<double> row(std::vector<double>& draws, std::size_t t) {
    return std::span(draws).subspan(t * keys_.size(), keys_.size());
  }

  void advance(std::size_t t, std::int64_t step) {
    kernels::hidden_coordinates(alpha_, row(along_, t), row(across_, t), z_);
    options_.link->evaluate(z_, y_);
    if (noisy()) add_noise(options_.noise, row(noise_, t), y_);
    if (options_.label_transform) std::ranges::transform(y_, y_.begin(), options_.label_transform);
    check_responses();
    const double decay = 1 + static_cast<double>(step) / options_.decay_time;
    kernels::advance_chains({.nodes = student_.nodes(),
                             .weights = student_.weights(),
                             .slopes = student_.slopes(),
                             .radius = student_.radius(),
                             .learning_rate = options_.learning_rate / decay,
                             .clip = options_.clip},
                            row(along_, t),
                            row(across_, t),
                            row(rest_, t),
                            y_,
                            alpha_);
  }

  void check_responses() const {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      if (!std::isfinite(y_[i])) {
        throw NonFinite(
            kWhere,
            fmt::format(
                "the link '{}' is not finite at z = {:.17g}.", options_.link->text(), z_[i]));
      }
    }
  }

  void note_passages(std::int64_t step) {
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      if (alpha_[i] * alpha_[i] < options_.overlap2_goal || paths_[chain_[i]].passage) continue;
      paths_[chain_[i]].passage = step;
      paths_[chain_[i]].overlaps.resize(samples_.size(), alpha_[i]);
    }
  }

  void note_samples(std::int64_t step) {
    for (; next_sample_ < samples_.size() && samples_[next_sample_] == step; ++next_sample_) {
      for (std::size_t i = 0; i < chain_.size(); ++i) {
        ReducedChainPath& path = paths_[chain_[i]];
        if (!path.passage) path.overlaps.push_back(alpha_[i]);
      }
    }
  }

  const ReducedChainOptions& options_;
  const SmoothedStudent& student_;
  std::span<const std::int64_t> samples_;
  std::span<ReducedChainPath> paths_;
  std::size_t next_sample_ = 0;
  std::vector<Key> keys_;
  std::vector<double> alpha_, z_, y_, along_, across_, rest_, noise_;
  std::vector<std::size_t> chain_;  // whose path each lane writes
};

}  // namespace

std::vector<ReducedChainPath> reduced_chain(const ReducedChainOptions& options,
                                            std::span<const double> start,
                                            std::span<const std::int64_t> samples,
                                            Key key,
                                            int threads) {
  check(options, start, samples);
  const SmoothedStudent student(options.student, options.dimension, options.radius);
  std::vector<ReducedChainPath> paths(start.size());
  const std::size_t groups = (start.size() + kGroup - 1) / kGroup;
  parallel_for(static_cast<std::int64_t>(groups), threads, [&](std::int64_t group) {
    const std::size_t first = static_cast<std::size_t>(group) * kGroup;
    const std::size_t count = std::min(kGroup, start.size() - first);
    Group(options, student, start, samples, key, first, std::span(paths).subspan(first, count))
        .run();
  });
  return paths;
}

}  // namespace thalweg::index
