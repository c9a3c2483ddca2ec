#include "exponent_options.hpp"

#include <algorithm>

#include "link_options.hpp"
#include "setting_text.hpp"
#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::app {

void add_settings(run::Settings& settings, ExponentCommandOptions& options) {
  const std::string group = "Problem";
  add_link_settings(settings, options.link, options.noise);
  settings.add({.name = "max-order",
                .target = &options.max_order,
                .help = "orders to look at, 1 to 12; at most 6 are tried for each leap",
                .metavar = "K",
                .minimum = 1,
                .maximum = 12,
                .group = group});
  settings.add({.name = "breakpoints",
                .target = &options.breakpoints,
                .help = "jumps and kinks of the link, beside those that are found",
                .metavar = "A,B,...",
                .group = group});
  settings.add({.name = "links",
                .target = &options.links,
                .help = "print the links that have names, with their exponents",
                .recorded = false,
                .group = group});
  const std::string samples = "Samples instead of a link";
  settings.add({.name = "table",
                .target = &options.table,
                .help = "CSV file with a line of names",
                .metavar = "FILE.csv",
                .located = run::path_from,
                .group = samples});
  settings.add({.name = "index",
                .target = &options.index,
                .help = "the columns that are the index coordinates, up to four; they are "
                        "standardised",
                .metavar = "COLUMN,...",
                .group = samples});
  settings.add({.name = "response",
                .target = &options.response,
                .help = "the column that is the response",
                .metavar = "COLUMN",
                .group = samples});
  const std::string plan = "Rows needed";
  settings.add({.name = "dimension",
                .target = &options.dimension,
                .help = "say how many rows each method needs in this dimension",
                .metavar = "D",
                .minimum = 2,
                .group = plan});
  settings.add({.name = "overlap",
                .target = &options.overlap,
                .help = "squared overlap with the direction that these rows are to give",
                .metavar = "A",
                .minimum = 0.01,
                .maximum = 0.99,
                .group = plan});
  add_settings(settings, options.common);
}

void check(const ExponentCommandOptions& options, const run::Settings& settings) {
  check(options.common, settings);
  if (!options.common.resume.empty()) {
    throw InvalidArgument("--resume",
                          "exponents are found in one go and have nothing to resume; find them "
                          "again.");
  }
  const bool table = !options.table.empty();
  if (table && settings.given("link")) {
    throw InvalidArgument("--table", "gives samples, --link a formula; choose one of them.");
  }
  if (table != !options.index.empty() || table != !options.response.empty()) {
    throw InvalidArgument("--table", "needs --index COLUMN and --response COLUMN, and they it.");
  }
  const auto columns = comma_items(options.index);
  constexpr std::size_t kMostColumns = 4;
  if (columns.size() > kMostColumns) {
    throw InvalidArgument(
        "--index", fmt::format("takes {} columns at most; got {}.", kMostColumns, columns.size()));
  }
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    if (std::find(columns.begin(), column, *column) != column)
      throw InvalidArgument("--index", fmt::format("names the column '{}' twice.", *column));
    if (*column == options.response)
      throw InvalidArgument("--index",
                            fmt::format("names the column '{}', which is the response.", *column));
  }
  if (table && options.dimension) {
    throw InvalidArgument("--dimension", "plans for a link; samples do not say what theirs is.");
  }
}

Command exponent_command(RunFunction<ExponentCommandOptions> run) {
  Command command{
      .name = "exponent",
      .group = "Index models",
      .summary = "Say how hard a link function is to learn",
      .description =
          "Finds the information and the generative exponent of a link y = f(z), the leaps of a "
          "link in several variables, or estimates them from samples, and says why they are what "
          "they are and how many rows every method needs.",
      .example = "thalweg exponent --link 'z^2*exp(-z^2)' --dimension 100",
      .sources =
          {"A. Damian, L. Pillaud-Vivien, J. D. Lee, J. Bruna. Computational-Statistical Gaps in "
           "Gaussian Single-Index Models. COLT 2024, arXiv:2403.05529.",
           "A. Damian, J. D. Lee, J. Bruna. The Generative Leap: Sharp Sample Complexity for "
           "Efficiently Learning Gaussian Multi-Index Models. 2025, arXiv:2506.05500."},
      .program = "thalweg-index",
      .settings = run::Settings("exponent")};
  bind_options(command, run);
  return command;
}

}  // namespace thalweg::app
