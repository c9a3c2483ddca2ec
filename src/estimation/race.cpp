#include "thalweg/estimation/race.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"

namespace thalweg::estimation {
namespace {

constexpr double kNotRun = std::numeric_limits<double>::quiet_NaN();

void check(const std::map<std::string, Racer>& racers, const RaceOptions& options) {
  const char* where = "estimation::Race";
  if (racers.empty() || options.dimensions.empty() || options.seeds < 1 || options.threads < 1) {
    throw InvalidArgument(
        where,
        fmt::format("needs a method, a dimension, a seed and a thread; got {}, {}, {} and {}.",
                    racers.size(),
                    options.dimensions.size(),
                    options.seeds,
                    options.threads));
  }
  if (options.samples.size() != options.dimensions.size()) {
    throw InvalidArgument(where,
                          fmt::format("needs sample sizes for each of the {} dimensions; got {}.",
                                      options.dimensions.size(),
                                      options.samples.size()));
  }
  for (const auto& sizes : options.samples) {
    const bool ascending = std::ranges::adjacent_find(sizes, std::greater_equal()) == sizes.end();
    if (sizes.empty() || sizes.front() < 1 || !ascending)
      throw InvalidArgument(where, "needs sample sizes of 1 or more, ascending.");
  }
}

}  // namespace

Racer Racer::one_by_one(Attempt attempt) {
  return {.attempt = [attempt = std::move(attempt)](int dimension,
                                                    std::span<const std::int64_t> samples,
                                                    std::span<const Key> keys) {
    std::vector<std::vector<double>> overlaps;
    for (const Key key : keys) overlaps.push_back(attempt(dimension, samples, key));
    return overlaps;
  }};
}

Race::Race(std::map<std::string, Racer> racers, RaceOptions options)
    : racers_(std::move(racers)), options_(std::move(options)) {
  check(racers_, options_);
  std::size_t place = 0;
  for (const auto& [name, racer] : racers_) {
    const auto most = options_.most_samples.find(name);
    for (std::size_t d = 0; d < options_.dimensions.size(); ++d) {
      std::span<const std::int64_t> sizes = options_.samples[d];
      if (most != options_.most_samples.end()) {
        const auto within = std::ranges::upper_bound(sizes, most->second.at(d)) - sizes.begin();
        sizes = sizes.first(std::max<std::size_t>(1, static_cast<std::size_t>(within)));
      }
      const std::size_t stride = options_.samples[d].size();
      for (int seed = 0; seed < options_.seeds; seed += racer.problems_at_once) {
        const int count = std::min(racer.problems_at_once, options_.seeds - seed);
        jobs_.push_back({&name, &racer, d, seed, count, sizes, place, stride});
        place += static_cast<std::size_t>(count) * stride;
      }
    }
  }
  // In rounds: those that run together take about the same time, and so do rounds, so that the time
  // left can be told; what is interrupted has some seeds of everything.
  std::ranges::stable_sort(
      jobs_, {}, [&](const Job& job) { return job.first_seed / options_.threads; });
  table_.assign(place, kNotRun);
}

std::int64_t Race::jobs() const { return static_cast<std::int64_t>(jobs_.size()); }

bool Race::done(const Job& job) const { return !std::isnan(table_[job.place]); }

void Race::pass_over_done_jobs() {
  while (next_ < jobs() && done(jobs_[static_cast<std::size_t>(next_)])) ++next_;
}

void Race::run(const Job& job) {
  const int dimension = options_.dimensions[job.dimension];
  std::vector<Key> keys;
  for (int i = 0; i < job.seeds; ++i)
    keys.push_back(options_.key.with(static_cast<std::uint64_t>(dimension))
                       .with(static_cast<std::uint64_t>(job.first_seed + i)));
  const auto found = job.racer->attempt(dimension, job.samples, keys);
  const auto cut_short = [&](const auto& overlaps) { return overlaps.size() < job.samples.size(); };
  if (found.size() < keys.size() || std::ranges::any_of(found, cut_short)) return;
  for (std::size_t i = 0; i < found.size(); ++i) {
    check_finite(found[i], job);
    std::ranges::copy(found[i],
                      table_.begin() + static_cast<std::ptrdiff_t>(job.place + i * job.stride));
  }
}

void Race::check_finite(std::span<const double> overlaps, const Job& job) const {
  for (std::size_t i = 0; i < overlaps.size(); ++i) {
    if (std::isfinite(overlaps[i])) continue;
    throw NonFinite(*job.method,
                    fmt::format("found no finite direction in dimension {} from {} samples.",
                                options_.dimensions[job.dimension],
                                job.samples[i]));
  }
}

void Race::step() {
  std::vector<const Job*> group;
  for (auto i = static_cast<std::size_t>(next_);
       i < jobs_.size() && std::ssize(group) < options_.threads;
       ++i) {
    if (!done(jobs_[i])) group.push_back(&jobs_[i]);
  }
  parallel_for(std::ssize(group), options_.threads, [&](std::int64_t i) {
    run(*group[static_cast<std::size_t>(i)]);
  });
  pass_over_done_jobs();
}

std::vector<std::vector<double>> Race::overlaps(const std::string& method, std::size_t d) const {
  std::vector<std::vector<double>> result(options_.samples.at(d).size());
  for (const Job& job : jobs_) {
    if (*job.method != method || job.dimension != d || !done(job)) continue;
    for (std::size_t seed = 0; seed < static_cast<std::size_t>(job.seeds); ++seed)
      for (std::size_t i = 0; i < result.size(); ++i)
        result[i].push_back(table_[job.place + seed * job.stride + i]);
  }
  return result;
}

void Race::set_state(std::vector<double> state) {
  if (state.size() != table_.size()) {
    throw InvalidArgument(
        "estimation::Race::set_state",
        fmt::format("the table of this race has {} numbers; got {}.", table_.size(), state.size()));
  }
  table_ = std::move(state);
  next_ = 0;
  pass_over_done_jobs();
}

}  // namespace thalweg::estimation
