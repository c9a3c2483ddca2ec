#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "exponent_options.hpp"
#include "exponent_samples.hpp"
#include "host_machine.hpp"
#include "leap_list.hpp"
#include "run_session.hpp"
#include "setting_text.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/index/explanation.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/generative_exponent.hpp"
#include "thalweg/index/leap.hpp"
#include "thalweg/index/leap_explanation.hpp"
#include "thalweg/index/level_sets.hpp"
#include "thalweg/index/named_links.hpp"
#include "thalweg/index/sample_planner.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

json number_or_null(const std::optional<int>& value) {
  return value ? json(*value) : json(nullptr);
}

int print_links() {
  fmt::print("{:<12} {:>11} {:>10}  {}\n", "name", "information", "generative", "definition");
  for (const auto& link : index::named_links()) {
    fmt::print("{:<12} {:>11} {:>10}  {}\n",
               link.name,
               link.information_exponent,
               link.generative_exponent,
               link.definition);
  }
  return 0;
}

std::vector<double> breakpoints_of(const ExponentCommandOptions& options) {
  std::vector<double> points;
  for (const auto& text : comma_items(options.breakpoints))
    points.push_back(parse_double(text, "--breakpoints"));
  return points;
}

/// The link over the range that a page shows, and where levels are taken.
json picture_of(const index::LevelSets& level_sets, const estimation::LinkFunction& link) {
  constexpr int kPoints = 601;
  constexpr double kRange = 3;
  std::vector<double> z(kPoints), y(kPoints);
  for (int i = 0; i < kPoints; ++i)
    z[static_cast<std::size_t>(i)] = kRange * (2.0 * i / (kPoints - 1) - 1);
  link.evaluate(z, y);
  json levels = json::array();
  for (const auto& example : index::level_examples(level_sets))
    levels.push_back({{"level", example.level}, {"z", example.z}, {"weights", example.weights}});
  return {{"z", z}, {"y", y}, {"levels", std::move(levels)}};
}

json planned(const std::map<std::string, index::SamplesNeeded>& needed) {
  json rows = json::object();
  for (const auto& [method, need] : needed) {
    rows[method] = {{"samples", need.samples ? json(std::ceil(*need.samples)) : json(nullptr)},
                    {"exact_law", need.exact_law}};
  }
  return rows;
}

json single_index_results(const std::shared_ptr<const estimation::LinkFunction>& link,
                          const estimation::Noise& noise,
                          const ExponentCommandOptions& options) {
  const auto breakpoints = breakpoints_of(options);
  const index::LevelSets level_sets(link, breakpoints);
  const auto found = index::link_exponents(link,
                                           level_sets,
                                           {.max_order = static_cast<int>(options.max_order),
                                            .noise = noise,
                                            .breakpoints = breakpoints,
                                            .threads = static_cast<int>(options.common.threads)});
  const bool noisy = noise.kind != estimation::Noise::Kind::kNone;
  json results = {{"information_exponent", number_or_null(found.information_exponent)},
                  {"generative_exponent", number_or_null(found.generative_exponent)},
                  {"information_leap", number_or_null(found.information_exponent)},
                  {"generative_leap", number_or_null(found.generative_exponent)},
                  {"leaps", json::array()},
                  {"lambda", found.lambdas.values},
                  {"lambda_error", found.lambdas.errors},
                  {"small", found.lambdas.small()},
                  {"deviation", found.deviation},
                  {"hermite_coefficients", nullptr},
                  {"explanation", index::explain(level_sets, found, noisy)},
                  {"picture", picture_of(level_sets, *link)},
                  {"warnings", found.warnings}};
  if (found.coefficients) {
    results["hermite_coefficients"] = found.coefficients->values;
    results["hermite_coefficient_errors"] = found.coefficients->errors;
  }
  if (found.generative_exponent)
    results["leaps"].push_back({{"order", *found.generative_exponent}, {"directions", 1}});
  if (options.dimension) {
    const auto d = static_cast<double>(*options.dimension);
    results["samples_needed"] = planned(index::samples_needed(found, noise, d, options.overlap));
  }
  return results;
}

json link_leaps(const index::Leaps& leaps) {
  std::vector<std::string> names;
  for (Eigen::Index j = 0; j < leaps.directions.rows(); ++j)
    names.push_back(fmt::format("z{}", j + 1));
  return leap_list(leaps, index::leap_bases(leaps, leaps.directions), names);
}

json multi_index_results(const estimation::LinkFunction& link,
                         const ExponentCommandOptions& options) {
  if (options.noise != "none")
    throw InvalidArgument("--noise", "is for links in one variable; leaps are found without it.");
  constexpr std::int64_t kMostOrder = 6;
  const index::LeapOptions settings{
      .max_order = static_cast<int>(std::min(options.max_order, kMostOrder)),
      .key = Key{.seed = static_cast<std::uint64_t>(options.common.seed)}.with("leaps"),
      .threads = static_cast<int>(options.common.threads)};
  const auto generative = index::generative_leaps(link, settings);
  const auto information = index::information_leaps(link, settings);
  const auto exponent = [](const index::Leaps& leaps) {
    return leaps.undetected == 0 ? json(leaps.exponent) : json(nullptr);
  };
  json warnings = json::array();
  if (generative.undetected > 0) {
    warnings.push_back(fmt::format(
        "The response does not show {} of the {} variables at any order up to {}: it may not "
        "depend on them.",
        generative.undetected,
        link.variables(),
        settings.max_order));
  }
  json results = {{"information_leap", exponent(information)},
                  {"generative_leap", exponent(generative)},
                  {"leaps", link_leaps(generative)},
                  {"information_leaps", link_leaps(information)},
                  {"undetected", generative.undetected},
                  {"explanation", index::explain(generative, information)},
                  {"warnings", std::move(warnings)}};
  if (options.dimension) {
    const auto facts = index::problem_facts(generative, link);
    const auto d = static_cast<double>(*options.dimension);
    results["samples_needed"] = planned(index::samples_needed(facts, d, options.overlap));
  }
  return results;
}

json results_of(const ExponentCommandOptions& options) {
  if (!options.table.empty()) return sample_results(options);
  const auto link = index::parse_formula(options.link);
  json results = link->variables() == 1
                     ? single_index_results(link, estimation::Noise::parse(options.noise), options)
                     : multi_index_results(*link, options);
  results["link"] = link->text();
  results["noise"] = options.noise;
  results["variables"] = link->variables();
  return results;
}

}  // namespace

int run_exponent(const ExponentCommandOptions& given, const run::Settings& settings) {
  if (given.links) return print_links();
  ExponentCommandOptions options = given;
  run::Settings resolved = settings;
  use_host(resolved, options.common);
  if (options.common.dry_run) {
    if (options.table.empty()) index::parse_formula(options.link);
    fmt::print(
        "A few seconds, below 200 MB. Nothing was run; leave out --dry-run to run thalweg "
        "exponent.\n");
    return 0;
  }
  const auto begin = std::chrono::steady_clock::now();
  json results = results_of(options);  // before the session: what is refused leaves no folder
  RunSession session(options.common, resolved, begin);
  session.finish("done", std::move(results));
  return 0;
}

}  // namespace thalweg::app
