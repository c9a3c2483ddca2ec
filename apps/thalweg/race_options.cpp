#include "race_options.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::app {
namespace {

constexpr std::int64_t kMostDimensions = 1'000'000;
constexpr std::int64_t kMostSamples = 1'000'000'000'000;

std::vector<std::int64_t> ascending_list(const std::string& option,
                                         const std::string& text,
                                         std::int64_t least,
                                         std::int64_t most) {
  std::vector<std::int64_t> numbers;
  for (const auto& part : split(text, ',')) numbers.push_back(parse_int(part, option));
  const bool in_range = std::ranges::all_of(
      numbers, [&](std::int64_t number) { return number >= least && number <= most; });
  const bool ascending = std::ranges::adjacent_find(numbers, std::greater_equal()) == numbers.end();
  if (!numbers.empty() && in_range && ascending) return numbers;
  throw InvalidArgument(
      option,
      fmt::format("expected whole numbers from {} to {} with commas between them, ascending; got "
                  "'{}'.",
                  least,
                  most,
                  text));
}

}  // namespace

std::vector<int> RaceSettings::dimensions() const {
  const auto numbers = ascending_list("--dimension", dimension, 2, kMostDimensions);
  return {numbers.begin(), numbers.end()};
}

std::vector<std::int64_t> RaceSettings::sample_sizes() const {
  return ascending_list("--samples", samples, 1, kMostSamples);
}

void add_settings(run::Settings& settings, RaceSettings& options) {
  const std::string group = "Race";
  settings.add({.name = "dimension",
                .target = &options.dimension,
                .help = options.dimension == "auto"
                            ? "dimensions d to race in, ascending; auto = some that suit the order"
                            : "dimensions d to race in, ascending",
                .metavar = "D1,D2,...",
                .group = group});
  settings.add({.name = "samples",
                .target = &options.samples,
                .help =
                    "sample sizes n, the same in every dimension, ascending; auto = a geometric "
                    "grid around what each method is expected to need",
                .metavar = "N1,N2,...",
                .group = group});
  settings.add({.name = "seeds",
                .target = &options.seeds,
                .help = "problems in every dimension, the same for all methods",
                .metavar = "S",
                .minimum = 1,
                .maximum = 100000,
                .group = group});
  settings.add(
      {.name = "checkpoint-every",
       .target = &options.checkpoint_every,
       .help = "save after this many jobs (a method on a problem); 0 = about once a minute",
       .minimum = 0,
       .group = group});
}

void check(const RaceSettings& options, const run::Settings&) {
  options.dimensions();
  if (!options.automatic_samples()) options.sample_sizes();
}

}  // namespace thalweg::app
