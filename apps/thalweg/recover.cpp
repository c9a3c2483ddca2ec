#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host_machine.hpp"
#include "race_run.hpp"
#include "recover_options.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/estimation/sample_sizes.hpp"
#include "thalweg/hermite/expansion.hpp"
#include "thalweg/index/chain_racers.hpp"
#include "thalweg/index/estimators.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/named_links.hpp"
#include "thalweg/index/sample_complexity.hpp"
#include "thalweg/run/interrupt.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

// Automatic sizes: neighbours a factor 1.4 apart, a method up to five times what it is expected to
// need, beginning at a fifth of the least that one of them needs.
constexpr double kSizeRatio = 1.4;
constexpr double kSizeSpan = 5;

/// What is raced on, and what is known about it beforehand.
struct RecoverProblem {
  std::shared_ptr<const estimation::LinkFunction> link;
  estimation::Noise noise;
  estimation::Target target;
  std::map<std::string, index::SampleComplexity> methods;
};

int known_order(const RecoverOptions& options) {
  if (options.order) return static_cast<int>(*options.order);
  if (const auto* named = index::find_named_link(options.link)) return named->generative_exponent;
  throw InvalidArgument("--order", "is needed for a link that has no name.");
}

/// Coefficients of the response, noise included, as parts of its variance.
index::ProblemFacts facts_of(const RecoverProblem& problem) {
  index::ProblemFacts facts{.directions = problem.target.directions, .order = problem.target.order};
  if (facts.directions > 1) return facts;
  const auto expansion = hermite::expand(
      [&](std::span<const double> z, std::span<double> y) { problem.link->evaluate(z, y); },
      {.max_order = std::max(2, problem.target.order), .breakpoints = problem.link->breakpoints()});
  const double flipped =
      problem.noise.kind == estimation::Noise::Kind::kFlip ? 1 - 2 * problem.noise.level : 1;
  const double added =
      problem.noise.kind == estimation::Noise::Kind::kGaussian ? problem.noise.level : 0;
  const double mean = flipped * expansion.coefficients[0];
  const double variance = expansion.second_moment + added * added - mean * mean;
  const auto part = [&](std::size_t k) {
    if (k >= expansion.coefficients.size()) return 0.0;
    return std::pow(flipped * expansion.coefficients[k], 2) / variance;
  };
  facts.signal = part(static_cast<std::size_t>(facts.order));
  facts.linear = part(1);
  facts.quadratic = part(2);
  return facts;
}

void check_dimensions(const estimation::LinkFunction& link, const RecoverOptions& options) {
  const int smallest = options.race.dimensions().front();
  if (smallest >= link.variables()) return;
  throw InvalidArgument("--dimension",
                        fmt::format("the link '{}' has {} variables and needs as many dimensions; "
                                    "got {}.",
                                    link.text(),
                                    link.variables(),
                                    smallest));
}

RecoverProblem make_problem(const RecoverOptions& options) {
  RecoverProblem problem{.link = index::parse_formula(options.link),
                         .noise = estimation::Noise::parse(options.noise),
                         .target = {},
                         .methods = {}};
  check_dimensions(*problem.link, options);
  problem.target = {
      .directions = problem.link->variables(), .order = known_order(options), .link = problem.link};
  auto facts = facts_of(problem);
  facts.refine = options.refine;
  for (const auto& method : options.methods)
    problem.methods[method] = index::sample_complexity(method, facts);
  return problem;
}

/// Fills in what depends on the link.
void resolve(run::Settings& settings, RecoverOptions& options) {
  if (options.methods.empty()) {
    options.methods = index::estimator_names();
    settings.set("methods", options.methods);
  }
}

double expected_samples(const index::SampleComplexity& law, int dimension) {
  return law.exponent ? law.prefactor * std::pow(dimension, *law.exponent) : 0;
}

/// The most rows worth a method's time: automatic sizes end for each where it should long have
/// succeeded, and those that never do are shown what the most frugal of the others needs.
std::int64_t most_samples(const RecoverProblem& problem, const std::string& method, int dimension) {
  double own = expected_samples(problem.methods.at(method), dimension), least = INFINITY;
  for (const auto& [name, law] : problem.methods)
    if (law.exponent) least = std::min(least, expected_samples(law, dimension));
  if (own == 0) own = std::isfinite(least) ? least : 10.0 * dimension;
  return static_cast<std::int64_t>(kSizeSpan * own);
}

estimation::RaceOptions race_options(const RecoverProblem& problem, const RecoverOptions& options) {
  estimation::RaceOptions race{
      .dimensions = options.race.dimensions(),
      .samples = {},
      .seeds = static_cast<int>(options.race.seeds),
      .threads = static_cast<int>(options.common.threads),
      .key = Key{.seed = static_cast<std::uint64_t>(options.common.seed)}.with("recover")};
  for (const int d : race.dimensions) {
    if (!options.race.automatic_samples()) {
      race.samples.push_back(options.race.sample_sizes());
      continue;
    }
    double least = INFINITY, most = 0;
    for (const auto& [method, law] : problem.methods) {
      race.most_samples[method].push_back(most_samples(problem, method, d));
      const auto limit = static_cast<double>(race.most_samples[method].back());
      least = std::min(least, limit / (kSizeSpan * kSizeSpan));
      most = std::max(most, limit);
    }
    race.samples.push_back(
        estimation::geometric_sizes(std::max(least, d + 1.0), most / kSizeRatio, kSizeRatio));
  }
  return race;
}

index::MethodOptions method_options(const RecoverOptions& options) {
  return {.slices = static_cast<int>(options.slices),
          .refine = options.refine,
          .radius_exponent = options.radius_exponent,
          .rate_scale = options.rate_scale};
}

estimation::Racer racer_of(const std::string& method,
                           const RecoverProblem& problem,
                           const index::MethodOptions& options) {
  if (std::ranges::find(index::kChainNames, method) != index::kChainNames.end())
    return index::chain_racer(method, problem.target, problem.noise, options);
  const std::shared_ptr<const estimation::Estimator> estimator =
      index::make_estimator(method, options);
  return estimation::Racer::one_by_one(
      [estimator, &problem](int dimension, std::span<const std::int64_t> samples, Key key) {
        const estimation::PlantedModel model(
            problem.link, problem.noise, dimension, samples.back(), key);
        const auto estimates = estimator->estimate(
            model, problem.target, samples, {.key = key.with(estimator->name()), .interrupted = [] {
                                               return run::InterruptGuard::requested();
                                             }});
        std::vector<double> overlaps;
        for (const auto& estimate : estimates)
          overlaps.push_back(estimation::overlap_squared(model.directions(), estimate.directions));
        return overlaps;
      });
}

/// Methods that read rows once, in blocks; the others hold all of a problem's.
bool streams(const std::string& method) {
  return method.starts_with("online-sgd") || method.starts_with("smoothed-sgd");
}

double race_bytes(const RecoverProblem& problem, const estimation::RaceOptions& race) {
  double numbers = 0;
  for (const auto& [method, law] : problem.methods) {
    for (std::size_t d = 0; d < race.dimensions.size() && !streams(method); ++d) {
      const auto most = race.most_samples.find(method);
      const auto rows = most == race.most_samples.end()
                            ? race.samples[d].back()
                            : std::min(race.samples[d].back(), most->second[d]);
      numbers = std::max(numbers, static_cast<double>(rows) * (race.dimensions[d] + 1.0));
    }
  }
  return numbers * race.threads * sizeof(double);
}

json results_of(const estimation::Race& race,
                const RecoverProblem& problem,
                const RecoverOptions& options) {
  TheoryExponents theory;
  for (const auto& [method, law] : problem.methods) theory[method] = law.exponent;
  json results = race_results(race, theory);
  results["link"] = problem.link->text();
  results["noise"] = options.noise;
  results["directions"] = problem.target.directions;
  results["order"] = problem.target.order;
  return results;
}

}  // namespace

int run_recover(const RecoverOptions& given, const run::Settings& settings) {
  RecoverOptions options = given;
  run::Settings resolved = settings;
  use_host(resolved, options.common);
  resolve(resolved, options);
  const RecoverProblem problem = make_problem(options);
  std::map<std::string, estimation::Racer> racers;
  for (const auto& method : options.methods)
    racers[method] = racer_of(method, problem, method_options(options));
  estimation::Race race(racers, race_options(problem, options));
  const double bytes = race_bytes(problem, race.options());
  if (options.common.dry_run) {
    report_race_size(race, settings.command(), bytes);
    return static_cast<int>(ExitCode::kDone);
  }
  check_memory(options.common, bytes, "give fewer --samples or --threads");
  RunSession session(options.common, resolved);
  const auto status = run_race(race, session, options.race, options.common.quiet);
  return finish_race(session, settings.command(), status, results_of(race, problem, options));
}

}  // namespace thalweg::app
