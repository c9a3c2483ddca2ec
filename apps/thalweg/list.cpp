#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "commands.hpp"
#include "common_options.hpp"
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/report/headline.hpp"
#include "thalweg/report/table.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

struct ListOptions {
  std::string pattern;
  std::string command;
  std::string out;
  bool json = false;
};

void add_settings(run::Settings& settings, ListOptions& options) {
  settings.add({.name = "pattern",
                .target = &options.pattern,
                .help = "only runs whose names match, as 'flow-2026*'; all without",
                .metavar = "PATTERN"});
  settings.add({.name = "command",
                .target = &options.command,
                .help = "only runs of this command",
                .metavar = "NAME",
                .choices = {"flow", "spectrum", "exponent", "recover", "tensorpca"},
                .recorded = false});
  add_out_setting(settings, options.out);
  settings.add(
      {.name = "json", .target = &options.json, .help = "print a JSON array instead of a table"});
}

std::time_t to_time_t(std::filesystem::file_time_type time) {
  using std::chrono::system_clock;
  const auto system = std::chrono::file_clock::to_sys(time);
  return system_clock::to_time_t(std::chrono::time_point_cast<system_clock::duration>(system));
}

/// What came of a run, in a phrase; nothing of one that has no results.
std::string result_of(const run::RunInfo& info) {
  const auto folder = run::RunFolder::open({}, info.path.string());
  if (info.status == "damaged" || !std::filesystem::exists(folder.summary())) return {};
  return report::headline(folder.read_summary()).key;
}

nlohmann::json to_json(const std::vector<run::RunInfo>& runs) {
  auto list = nlohmann::json::array();
  for (const auto& run : runs) {
    list.push_back({{"path", run.path.string()},
                    {"result", result_of(run)},
                    {"command", run.command},
                    {"status", run.status},
                    {"seconds", run.seconds},
                    {"bytes", run.bytes},
                    {"modified", fmt::format("{:%FT%TZ}", fmt::gmtime(to_time_t(run.modified)))}});
  }
  return list;
}

std::string table_text(const std::vector<run::RunInfo>& runs) {
  report::Table table{.head = {"RUN", "COMMAND", "STATUS", "TIME", "SIZE", "CHANGED", "RESULT"},
                      .text_columns = 7};
  for (const auto& run : runs) {
    table.rows.push_back({run.path.filename().string(),
                          run.command,
                          run.status,
                          run.seconds > 0 ? duration_text(run.seconds) : "",
                          size_text(static_cast<double>(run.bytes)),
                          fmt::format("{:%F %R}", fmt::localtime(to_time_t(run.modified))),
                          result_of(run)});
  }
  return join(report::text_lines(table), "\n") + "\n";
}

std::vector<run::RunInfo> runs_of(const ListOptions& options) {
  auto runs = run::list_runs(options.out, options.pattern.empty() ? "*" : options.pattern);
  std::erase_if(runs, [&](const run::RunInfo& run) {
    return !options.command.empty() && run.command != options.command;
  });
  return runs;
}

/// Why a list is empty.
std::string nothing_text(const ListOptions& options) {
  if (run::list_runs(options.out).empty())
    return fmt::format("There are no runs in {} yet; 'thalweg flow' makes one.\n", options.out);
  return fmt::format("No run in {} is one of these; 'thalweg list' shows all.\n", options.out);
}

int run_list(const ListOptions& options, const run::Settings&) {
  const auto runs = runs_of(options);
  if (options.json) {
    fmt::print("{}\n", to_json(runs).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", runs.empty() ? nothing_text(options) : table_text(runs));
  }
  return 0;
}

}  // namespace

Command list_command() {
  Command command{.name = "list",
                  .group = "Runs",
                  .summary = "List the runs, newest first",
                  .description =
                      "Shows the runs of a folder: their command, how they ended or that they are "
                      "running, how long they took, their size on disk, when they last changed and "
                      "what came of them in a phrase.",
                  .example = "thalweg list 'flow-2026*' --command flow",
                  .operand = "pattern",
                  .operand_optional = true,
                  .settings = run::Settings("list")};
  bind_options<ListOptions>(command, run_list);
  return command;
}

}  // namespace thalweg::app
