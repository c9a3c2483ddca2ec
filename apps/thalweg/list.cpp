#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "commands.hpp"
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

struct ListOptions {
  std::string out = "runs";
  bool json = false;
};

void add_settings(run::Settings& settings, ListOptions& options) {
  settings.add({.name = "out",
                .target = &options.out,
                .help = "folder that holds the runs",
                .metavar = "DIR"});
  settings.add(
      {.name = "json", .target = &options.json, .help = "print a JSON array instead of a table"});
}

std::time_t to_time_t(std::filesystem::file_time_type time) {
  using std::chrono::system_clock;
  const auto system = std::chrono::file_clock::to_sys(time);
  return system_clock::to_time_t(std::chrono::time_point_cast<system_clock::duration>(system));
}

nlohmann::json to_json(const std::vector<run::RunInfo>& runs) {
  auto list = nlohmann::json::array();
  for (const auto& run : runs) {
    list.push_back({{"path", run.path.string()},
                    {"command", run.command},
                    {"status", run.status},
                    {"seconds", run.seconds},
                    {"bytes", run.bytes},
                    {"modified", fmt::format("{:%FT%TZ}", fmt::gmtime(to_time_t(run.modified)))}});
  }
  return list;
}

std::string table_text(const std::vector<run::RunInfo>& runs) {
  std::size_t width = std::string("RUN").size();
  for (const auto& run : runs) width = std::max(width, run.path.filename().string().size());
  constexpr auto kRow = "{:<{}}  {:<10}  {:<11}  {:>12}  {:>10}  {}\n";
  std::string text =
      fmt::format(kRow, "RUN", width, "COMMAND", "STATUS", "TIME", "SIZE", "CHANGED");
  for (const auto& run : runs) {
    text += fmt::format(kRow,
                        run.path.filename().string(),
                        width,
                        run.command,
                        run.status,
                        run.seconds > 0 ? duration_text(run.seconds) : "",
                        size_text(static_cast<double>(run.bytes)),
                        fmt::format("{:%F %R}", fmt::localtime(to_time_t(run.modified))));
  }
  return text;
}

int run_list(const ListOptions& options, const run::Settings&) {
  const auto runs = run::list_runs(options.out);
  if (options.json) {
    fmt::print("{}\n", to_json(runs).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (runs.empty()) {
    fmt::print("There are no runs in {} yet; 'thalweg flow' makes one.\n", options.out);
  } else {
    fmt::print("{}", table_text(runs));
  }
  return 0;
}

}  // namespace

Command list_command() {
  Command command{.name = "list",
                  .group = "Runs",
                  .summary = "List the runs, newest first",
                  .description =
                      "Shows every run of a folder: its command, how it ended, how long it took, "
                      "its size on disk and when it last changed.",
                  .example = "thalweg list --out runs",
                  .settings = run::Settings("list")};
  bind_options<ListOptions>(command, run_list);
  return command;
}

}  // namespace thalweg::app
