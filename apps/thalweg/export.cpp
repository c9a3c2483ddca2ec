#include <filesystem>
#include <string>
#include <vector>

#include "commands.hpp"
#include "common_options.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/report/result_tables.hpp"
#include "thalweg/run/folder.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::app {
namespace {

namespace fs = std::filesystem;

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

auto series_of(const run::RunFolder& folder) {
  using Series = decltype(run::read_metrics(folder.metrics()));
  return fs::exists(folder.metrics()) ? run::read_metrics(folder.metrics()) : Series();
}

auto tables_of(const run::RunFolder& folder) {
  using Tables = std::vector<report::ResultTable>;
  return fs::exists(folder.summary()) ? report::result_tables(folder.read_summary()) : Tables();
}

/// The series of a run; of one that has none, the tables of its results.
std::vector<fs::path> export_run(const run::RunFolder& folder, const fs::path& to) {
  if (const auto series = series_of(folder); !series.empty()) return run::export_csv(series, to);
  if (const auto tables = tables_of(folder); !tables.empty())
    return report::export_tables(tables, to);
  throw BadInput(folder.path().string(),
                 "has neither series nor results yet, so there is nothing to export.");
}

int run_export(const ExportOptions& options, const run::Settings&) {
  const auto folder = run::RunFolder::open(options.out, options.run);
  const auto to = options.to.empty() ? folder.path() / "csv" : fs::path(options.to);
  for (const auto& file : export_run(folder, to)) fmt::print("{}\n", file.string());
  return 0;
}

}  // namespace

Command export_command() {
  Command command{
      .name = "export",
      .group = "Runs",
      .summary = "Write the series or tables of a run as CSV",
      .description =
          "Writes one CSV file per process, a row per step, and prints the names of the files. The "
          "run may still be going on. Of a run without series (exponent, recover, spectrum, "
          "tensorpca) it writes the tables of the results, with all digits.",
      .example = "thalweg export flow-20260117-142530 --to tables",
      .operand = "run",
      .settings = run::Settings("export")};
  bind_options<ExportOptions>(command, run_export);
  return command;
}

}  // namespace thalweg::app
