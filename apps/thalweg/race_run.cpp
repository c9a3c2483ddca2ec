#include "race_run.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/estimation/exponent_fit.hpp"
#include "thalweg/estimation/sample_sizes.hpp"
#include "thalweg/run/interrupt.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

// Of automatic sizes: neighbours a factor 1.4 apart, a method up to four times what it is expected
// to need.
constexpr double kSizeRatio = 1.4;
constexpr double kSizeSpan = 4;

constexpr const char* kOverlaps = "race.overlaps2";

run::Checkpoint checkpoint_of(const estimation::Race& race) {
  const auto& table = race.state();
  return {.step = race.jobs_done(),
          .arrays = {{kOverlaps, NdArray::of<double>(table, {std::ssize(table)})}}};
}

json number_or_null(std::optional<double> value) { return value ? json(*value) : json(nullptr); }

/// Mean and standard error over seeds; null where a size was not run.
std::pair<json, json> mean_and_error(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  if (values.empty() || std::isnan(mean)) return {nullptr, nullptr};
  for (const double value : values) squares += (value - mean) * (value - mean);
  if (values.size() < 2) return {mean, nullptr};
  return {mean, std::sqrt(squares / (count * (count - 1)))};
}

json method_results(const estimation::Race& race,
                    const std::string& method,
                    std::optional<double> theory) {
  const auto& options = race.options();
  json result = {{"overlap2_mean", json::array()},
                 {"overlap2_se", json::array()},
                 {"samples_to_half", json::array()},
                 {"samples_to_half_log_se", json::array()},
                 {"theory", number_or_null(theory)}};
  std::vector<estimation::SamplesToHalf> halves;
  for (std::size_t d = 0; d < options.dimensions.size(); ++d) {
    const auto overlaps = race.overlaps(method, d);
    json means = json::array(), errors = json::array();
    for (const auto& values : overlaps) {
      const auto [mean, error] = mean_and_error(values);
      means.push_back(mean);
      errors.push_back(error);
    }
    result["overlap2_mean"].push_back(std::move(means));
    result["overlap2_se"].push_back(std::move(errors));
    const Key key = options.key.with("bootstrap").with(method).with(d);
    halves.push_back(overlaps.front().empty()
                         ? estimation::SamplesToHalf{}
                         : estimation::samples_to_half(options.samples[d], overlaps, key));
    const auto& half = halves.back();
    result["samples_to_half"].push_back(number_or_null(half.samples));
    result["samples_to_half_log_se"].push_back(half.samples ? json(half.log_se) : json(nullptr));
  }
  const auto fit = estimation::fit_exponent(options.dimensions, halves);
  const auto with_fit = [&](double value) { return fit.exponent ? json(value) : json(nullptr); };
  result["exponent"] = number_or_null(fit.exponent);
  result["exponent_se"] = with_fit(fit.se);
  result["log_prefactor"] = with_fit(fit.log_prefactor);
  result["curvature"] = with_fit(fit.curvature);
  return result;
}

double expected_samples(const index::SampleComplexity& law, int dimension) {
  return law.exponent ? law.prefactor * std::pow(dimension, *law.exponent) : 0;
}

/// The most rows worth a method's time.
std::int64_t most_samples(const ExpectedSamples& expected,
                          const std::string& method,
                          int dimension) {
  double own = expected_samples(expected.at(method), dimension), least = INFINITY;
  for (const auto& [name, law] : expected)
    if (law.exponent) least = std::min(least, expected_samples(law, dimension));
  if (own == 0) own = std::isfinite(least) ? least : 10.0 * dimension;
  return static_cast<std::int64_t>(std::ceil(kSizeSpan * own));
}

}  // namespace

estimation::RaceOptions race_options(const RaceSettings& settings,
                                     const CommonOptions& common,
                                     const std::string& command,
                                     const ExpectedSamples& expected,
                                     const std::function<double(int)>& fewest) {
  estimation::RaceOptions race{
      .dimensions = settings.dimensions(),
      .samples = {},
      .seeds = static_cast<int>(settings.seeds),
      .threads = static_cast<int>(common.threads),
      .key = Key{.seed = static_cast<std::uint64_t>(common.seed)}.with(command)};
  for (const int d : race.dimensions) {
    if (!settings.automatic_samples()) {
      race.samples.push_back(settings.sample_sizes());
      continue;
    }
    double least = INFINITY, most = 0;
    for (const auto& [method, law] : expected) {
      race.most_samples[method].push_back(most_samples(expected, method, d));
      const auto limit = static_cast<double>(race.most_samples[method].back());
      least = std::min(least, limit / (kSizeSpan * kSizeSpan));
      most = std::max(most, limit);
    }
    race.samples.push_back(
        estimation::geometric_sizes(std::max(least, fewest(d)), most / kSizeRatio, kSizeRatio));
  }
  return race;
}

std::string run_race(estimation::Race& race,
                     RunSession& session,
                     const RaceSettings& settings,
                     bool quiet) {
  if (const auto checkpoint = session.resume_point()) {
    const auto table = checkpoint->arrays.at(kOverlaps).as<double>();
    race.set_state({table.begin(), table.end()});
  }
  const run::InterruptGuard guard;
  Progress progress("jobs", race.jobs(), race.jobs_done(), quiet);
  std::int64_t saved = race.jobs_done();
  while (!race.finished()) {
    race.step();
    progress.update(race.jobs_done());
    if (run::InterruptGuard::requested() && !race.finished()) {
      session.save(checkpoint_of(race));
      return "interrupted";
    }
    const std::int64_t every = settings.checkpoint_every;
    if (every > 0 ? race.jobs_done() - saved >= every : session.save_due(0, 0)) {
      session.save(checkpoint_of(race));
      saved = race.jobs_done();
    }
  }
  progress.finish();
  return "done";
}

json race_results(const estimation::Race& race, const ExpectedSamples& expected) {
  json methods = json::object();
  for (const auto& [method, law] : expected)
    methods[method] = method_results(race, method, law.exponent);
  return {{"dimensions", race.options().dimensions},
          {"samples", race.options().samples},
          {"seeds", race.options().seeds},
          {"methods", std::move(methods)}};
}

int finish_race(RunSession& session,
                const std::string& command,
                const std::string& status,
                json results) {
  if (status != "done") {
    results["warnings"].push_back(
        "The race was interrupted: its numbers are of the seeds run so far, which may be few.");
  }
  session.finish(status, std::move(results));
  if (status == "done") return static_cast<int>(ExitCode::kDone);
  log_info(
      fmt::format("Go on with: thalweg {} --resume {}", command, session.folder().path().string()));
  return static_cast<int>(ExitCode::kInterrupted);
}

void report_race_size(const estimation::Race& race, const std::string& command, double bytes) {
  const auto& options = race.options();
  fmt::print("{} jobs (a method on a problem): {} seeds in every dimension.\n",
             race.jobs(),
             options.seeds);
  for (std::size_t d = 0; d < options.dimensions.size(); ++d) {
    fmt::print("d = {}: {} sample sizes from {} to {}.\n",
               options.dimensions[d],
               options.samples[d].size(),
               options.samples[d].front(),
               options.samples[d].back());
  }
  fmt::print("At most {} of memory on {} threads.\n", size_text(bytes), options.threads);
  fmt::print("Nothing was run; leave out --dry-run to run thalweg {}.\n", command);
}

}  // namespace thalweg::app
