#include "thalweg/report/report.hpp"

#include <string>

#include "browser.hpp"
#include "commands.hpp"
#include "common_options.hpp"

#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

struct ReportOptions {
  std::string run;
  std::string open = "auto";
  std::string out;
};

void add_settings(run::Settings& settings, ReportOptions& options) {
  settings.add({.name = "run",
                .target = &options.run,
                .help = "the run, by name or path",
                .metavar = "RUN"});
  add_open_setting(settings, options.open);
  add_out_setting(settings, options.out);
}

int run_report(const ReportOptions& options, const run::Settings&) {
  const auto folder = run::RunFolder::open(options.out, options.run);
  report::write_report(folder);
  present_page(folder.report(), options.open);
  return 0;
}

}  // namespace

Command report_command() {
  Command command{
      .name = "report",
      .group = "Runs",
      .summary = "Make the page of a run again",
      .description =
          "Writes report.html of a run anew from its series and summary, and prints its path.",
      .example = "thalweg report flow-20260117-142530 --open no",
      .operand = "run",
      .settings = run::Settings("report")};
  bind_options<ReportOptions>(command, run_report);
  return command;
}

}  // namespace thalweg::app
