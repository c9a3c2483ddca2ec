#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "commands.hpp"
#include "common_options.hpp"
#include <fmt/format.h>
#include <unistd.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

namespace fs = std::filesystem;

struct RemoveOptions {
  std::vector<std::string> runs;
  std::string out;
  bool yes = false;
  bool force = false;
};

void add_settings(run::Settings& settings, RemoveOptions& options) {
  settings.add({.name = "runs",
                .target = &options.runs,
                .help = "the runs, by name or path, or a pattern of names such as 'flow-2026*'",
                .metavar = "RUN"});
  add_out_setting(settings, options.out);
  settings.add(
      {.name = "yes", .target = &options.yes, .help = "do not ask first", .aliases = {"-y"}});
  settings.add({.name = "force",
                .target = &options.force,
                .help = "do not ask first, and remove runs that are still going on"});
}

/// Each run once, however it was named.
std::vector<run::RunFolder> distinct_runs(const RemoveOptions& options) {
  std::vector<run::RunFolder> runs;
  std::vector<fs::path> seen;
  for (const auto& run : run::open_runs(options.out, options.runs)) {
    const auto place = fs::absolute(run.path()).lexically_normal();
    if (std::ranges::count(seen, place) > 0) continue;
    seen.push_back(place);
    runs.push_back(run);
  }
  return runs;
}

std::string count_of(const std::vector<run::RunFolder>& runs) {
  return runs.size() == 1 ? "1 run" : fmt::format("{} runs", runs.size());
}

/// Says what would go. Returns the bytes in all.
double list_of(const std::vector<run::RunFolder>& runs) {
  double bytes = 0;
  for (const auto& run : runs) {
    const auto info = run::describe_run(run);
    bytes += static_cast<double>(info.bytes);
    fmt::print("{}  {}, {}\n",
               run.path().string(),
               info.status,
               size_text(static_cast<double>(info.bytes)));
  }
  return bytes;
}

bool user_agrees(const std::string& question) {
  fmt::print("{} [y/N] ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int run_remove(const RemoveOptions& options, const run::Settings&) {
  const auto runs = distinct_runs(options);
  const double bytes = list_of(runs);
  const auto what = fmt::format("{}, {}", count_of(runs), size_text(bytes));
  if (!options.yes && !options.force) {
    if (isatty(STDIN_FILENO) != 1) {
      throw InvalidArgument(
          "thalweg rm",
          fmt::format("would remove {}; nothing was removed, since there is no terminal to ask on. "
                      "Give --yes.",
                      what));
    }
    if (!user_agrees(fmt::format("Remove {}?", what))) {
      fmt::print("Nothing was removed.\n");
      return 0;
    }
  }
  for (const auto& run : runs) run.check_removable(options.force);  // all of them, or none
  for (const auto& run : runs) run.remove(options.force);
  fmt::print("Removed {}.\n", what);
  return 0;
}

}  // namespace

Command remove_command() {
  Command command{
      .name = "rm",
      .group = "Runs",
      .summary = "Remove runs",
      .description =
          "Says which runs would go and how much room they take, asks, and removes their folders. "
          "A folder that is no run, that holds a file which no run makes, or that is a link is "
          "refused, and so is a run that is still going on. Links are never followed.",
      .example = "thalweg rm 'flow-202601*'",
      .operand = "runs",
      .settings = run::Settings("rm")};
  bind_options<RemoveOptions>(command, run_remove);
  return command;
}

}  // namespace thalweg::app
