#include <filesystem>
#include <string>

#include "commands.hpp"
#include "common_options.hpp"
#include <fmt/format.h>

#include "thalweg/run/folder.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::app {
namespace {

struct ExportOptions {
  std::string run;
  std::string to;
  std::string out;
};

void add_settings(run::Settings& settings, ExportOptions& options) {
  settings.add({.name = "run",
                .target = &options.run,
                .help = "the run, by name or path",
                .metavar = "RUN"});
  settings.add({.name = "to",
                .target = &options.to,
                .help = "folder for the files; csv inside the run by default",
                .metavar = "DIR"});
  add_out_setting(settings, options.out);
}

int run_export(const ExportOptions& options, const run::Settings&) {
  const auto folder = run::RunFolder::open(options.out, options.run);
  const auto to = options.to.empty() ? folder.path() / "csv" : std::filesystem::path(options.to);
  for (const auto& file : run::export_csv(run::read_metrics(folder.metrics()), to)) {
    fmt::print("{}\n", file.string());
  }
  return 0;
}

}  // namespace

Command export_command() {
  Command command{
      .name = "export",
      .group = "Runs",
      .summary = "Write the series of a run as CSV",
      .description =
          "Writes one CSV file a process, a row a step, and prints the names of the files. The run "
          "may still be going on.",
      .example = "thalweg export flow-20260117-142530 --to tables",
      .operand = "run",
      .settings = run::Settings("export")};
  bind_options<ExportOptions>(command, run_export);
  return command;
}

}  // namespace thalweg::app
