#include <filesystem>
#include <string>

#include "commands.hpp"
#include "common_options.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/progress.hpp"
#include "thalweg/report/headline.hpp"
#include "thalweg/report/html.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

struct ShowOptions {
  std::string run;
  std::string out;
  bool json = false;
};

void add_settings(run::Settings& settings, ShowOptions& options) {
  settings.add({.name = "run",
                .target = &options.run,
                .help = "the run, by name or path",
                .metavar = "RUN"});
  add_out_setting(settings, options.out);
  settings.add({.name = "json", .target = &options.json, .help = "print summary.json as it is"});
}

void print_headline(const report::Headline& headline) {
  for (const auto& line : report::terminal_lines(headline)) fmt::print("{}\n", line);
  for (const auto& warning : headline.warnings)
    fmt::print("warning: {}\n", report::plain_text(warning));
  for (const auto& advice : headline.suggestions) fmt::print("{}\n", report::plain_text(advice));
}

/// A run without a summary: what it is doing, or how to go on with it.
int show_unfinished(const run::RunFolder& folder, const run::RunInfo& info) {
  fmt::print("{} (thalweg {}): {}\n", folder.name(), info.command, info.status);
  const auto log = folder.log().string();
  if (info.status == "running") {
    fmt::print("It has no results yet; {} shows how far it is.\n", log);
    return 0;
  }
  fmt::print(
      "It was stopped before it had results; {} shows how far it came, and 'thalweg {} --resume "
      "{}' "
      "goes on with it.\n",
      log,
      info.command,
      report::shell_word(folder.path().string()));
  return 0;
}

int run_show(const ShowOptions& options, const run::Settings&) {
  const auto folder = run::RunFolder::open(options.out, options.run);
  const auto info = run::describe_run(folder);
  if (!std::filesystem::exists(folder.summary()) && !options.json)
    return show_unfinished(folder, info);
  const auto summary = folder.read_summary();
  if (options.json) {
    fmt::print("{}\n", summary.dump(2));
    return 0;
  }
  fmt::print("{} (thalweg {}): {} after {}\n",
             folder.name(),
             info.command,
             info.status,
             duration_text(info.seconds));
  print_headline(report::headline(summary));
  fmt::print("Report: {}\n", folder.report().string());
  return 0;
}

}  // namespace

Command show_command() {
  Command command{.name = "show",
                  .group = "Runs",
                  .summary = "Say what came of a run",
                  .description =
                      "Prints the results of a run in a few lines, as the run did at its end: the "
                      "first sentences of its page or the table of its race, and the warnings.",
                  .example = "thalweg show flow-20260117-142530",
                  .operand = "run",
                  .settings = run::Settings("show")};
  bind_options<ShowOptions>(command, run_show);
  return command;
}

}  // namespace thalweg::app
