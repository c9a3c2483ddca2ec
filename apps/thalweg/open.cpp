#include <filesystem>
#include <string>

#include "browser.hpp"
#include "commands.hpp"
#include "common_options.hpp"

#include "thalweg/report/report.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

struct OpenOptions {
  std::string run;
  std::string out;
};

void add_settings(run::Settings& settings, OpenOptions& options) {
  settings.add({.name = "run",
                .target = &options.run,
                .help = "the run, by name or path",
                .metavar = "RUN"});
  add_out_setting(settings, options.out);
}

int run_open(const OpenOptions& options, const run::Settings&) {
  const auto folder = run::RunFolder::open(options.out, options.run);
  if (!std::filesystem::exists(folder.report())) report::write_report(folder);
  present_page(folder.report(), "yes");
  return 0;
}

}  // namespace

Command open_command() {
  Command command{.name = "open",
                  .group = "Runs",
                  .summary = "Show the page of a run in a browser",
                  .description =
                      "Opens report.html of a run in the desktop's browser and prints its path. A "
                      "run that has no page yet gets one.",
                  .example = "thalweg open flow-20260117-142530",
                  .operand = "run",
                  .settings = run::Settings("open")};
  bind_options<OpenOptions>(command, run_open);
  return command;
}

}  // namespace thalweg::app
