#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
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
#include "thalweg/index/chain_racers.hpp"
#include "thalweg/index/estimators.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/generative_exponent.hpp"
#include "thalweg/index/leap.hpp"
#include "thalweg/index/level_sets.hpp"
#include "thalweg/index/optimal_transform.hpp"
#include "thalweg/index/sample_complexity.hpp"
#include "thalweg/run/interrupt.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

constexpr int kHighestOrder = 8;

/// What is raced on, and what is known about it beforehand.
struct RecoverProblem {
  std::shared_ptr<const estimation::LinkFunction> link;
  estimation::Noise noise;
  estimation::Target target;                ///< with the labels as they come
  std::function<double(double)> transform;  ///< for methods that correlate; empty = none
  ExpectedSamples methods;
  std::vector<std::string> warnings;
};

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

/// The order at which methods look: what the user says, else the link's generative exponent.
int order_of(const RecoverOptions& options, std::optional<int> generative_exponent) {
  if (options.order) return static_cast<int>(*options.order);
  if (generative_exponent) return *generative_exponent;
  throw InvalidArgument("--order",
                        fmt::format("is needed: no order up to {} shows in the response of '{}'.",
                                    kHighestOrder,
                                    options.link));
}

/// Finds the order where the user does not say it, and the transform for methods that correlate
/// labels with h_k: where the labels as they come show nothing, or on request.
index::ProblemFacts study_link(RecoverProblem& problem, const RecoverOptions& options) {
  const auto breakpoints = problem.link->breakpoints();
  const index::LevelSets sets(problem.link, breakpoints);
  const auto found = index::link_exponents(problem.link,
                                           sets,
                                           {.max_order = kHighestOrder,
                                            .noise = problem.noise,
                                            .breakpoints = breakpoints,
                                            .threads = static_cast<int>(options.common.threads)});
  problem.warnings = found.warnings;
  const int order = problem.target.order = order_of(options, found.generative_exponent);
  auto facts = index::problem_facts(found, problem.noise, order);
  const bool blind = facts.correlation == 0 && options.labels == "auto";
  if ((blind || options.labels == "optimal") && facts.agnostic > 0) {
    problem.transform = index::optimal_transform(
        *problem.link, sets, problem.noise, order, std::sqrt(facts.agnostic));
    facts.correlation = facts.agnostic;
  }
  return facts;
}

/// The same in several variables.
index::ProblemFacts study_leaps(RecoverProblem& problem, const RecoverOptions& options) {
  constexpr std::int64_t kPoints = 500'000;  // a quarter of the default: strengths to a few percent
  const auto leaps = index::generative_leaps(
      *problem.link, {.points = kPoints, .threads = static_cast<int>(options.common.threads)});
  auto facts = index::problem_facts(leaps, *problem.link);
  facts.order = problem.target.order =
      order_of(options, leaps.exponent > 0 ? std::optional(leaps.exponent) : std::nullopt);
  return facts;
}

RecoverProblem make_problem(const RecoverOptions& options) {
  RecoverProblem problem{.link = index::parse_formula(options.link),
                         .noise = estimation::Noise::parse(options.noise),
                         .target = {},
                         .transform = {},
                         .methods = {},
                         .warnings = {}};
  check_dimensions(*problem.link, options);
  problem.target = {.directions = problem.link->variables(), .link = problem.link};
  auto facts =
      problem.target.directions == 1 ? study_link(problem, options) : study_leaps(problem, options);
  facts.refine = options.refine;
  for (const auto& method : options.methods)
    problem.methods[method] = index::sample_complexity(method, facts);
  return problem;
}

/// Every estimator that can have the link, without the dearest: in one variable all but
/// langevin-average, which takes longer than the rest together and needs about what sgd-average
/// does.
std::vector<std::string> default_methods(int variables) {
  if (variables > 1) return {index::kMultiIndexNames.begin(), index::kMultiIndexNames.end()};
  auto names = index::estimator_names();
  std::erase(names, "langevin-average");
  return names;
}

/// Fills in what depends on the link.
void resolve(run::Settings& settings, RecoverOptions& options) {
  if (!options.methods.empty()) return;
  options.methods = default_methods(index::parse_formula(options.link)->variables());
  settings.set("methods", options.methods);
}

index::MethodOptions method_options(const RecoverOptions& options) {
  using index::LabelKernel;
  static const std::map<std::string, LabelKernel> kernels = {{"slices", LabelKernel::kSlices},
                                                             {"radial", LabelKernel::kRadial},
                                                             {"linear", LabelKernel::kLinear}};
  using Radius = index::SmoothedSgdOptions::Radius;
  static const std::map<std::string, Radius> radii = {{"default", Radius::kDefault},
                                                      {"automatic", Radius::kAutomatic},
                                                      {"annealed", Radius::kAnnealed}};
  return {.slices = static_cast<int>(options.slices),
          .kernel = kernels.at(options.kernel),
          .refine = options.refine,
          .radius = options.radius_exponent ? Radius::kPower : radii.at(options.radius),
          .radius_exponent = options.radius_exponent.value_or(0),
          .rate_scale = options.rate_scale,
          .passes = static_cast<int>(options.passes),
          .rao_blackwell = options.average == "gradients"};
}

/// Methods that read rows once, in blocks; the others hold all of a problem's.
bool streams(const std::string& method) {
  return method.starts_with("online-sgd") || method.starts_with("smoothed-sgd");
}

/// Methods that correlate labels with h_k get them transformed; the others look at y for
/// themselves.
estimation::Target target_of(const std::string& method, const RecoverProblem& problem) {
  auto target = problem.target;
  const bool correlates =
      method == "partial-trace" || method.ends_with("-average") || streams(method);
  if (correlates) target.label_transform = problem.transform;
  return target;
}

estimation::Racer racer_of(const std::string& method,
                           const RecoverProblem& problem,
                           const index::MethodOptions& options) {
  if (std::ranges::find(index::kChainNames, method) != index::kChainNames.end())
    return index::chain_racer(method, target_of(method, problem), problem.noise, options);
  const std::shared_ptr<const estimation::Estimator> estimator =
      index::make_estimator(method, options);
  return estimation::Racer::one_by_one(
      [estimator, &problem, target = target_of(method, problem)](
          int dimension, std::span<const std::int64_t> samples, Key key) {
        const estimation::PlantedModel model(
            problem.link, problem.noise, dimension, samples.back(), key);
        const auto estimates = estimator->estimate(
            model, target, samples, {.key = key.with(estimator->name()), .interrupted = [] {
                                       return run::InterruptGuard::requested();
                                     }});
        std::vector<double> overlaps;
        for (const auto& estimate : estimates)
          overlaps.push_back(estimation::overlap_squared(model.directions(), estimate.directions));
        return overlaps;
      });
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
  json results = race_results(race, problem.methods);
  results["link"] = problem.link->text();
  results["noise"] = options.noise;
  results["directions"] = problem.target.directions;
  results["order"] = problem.target.order;
  results["labels"] = problem.transform ? "optimal transform" : "raw";
  if (!problem.warnings.empty()) results["warnings"] = problem.warnings;
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
  estimation::Race race(racers,
                        race_options(options.race, options.common, "recover", problem.methods));
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
