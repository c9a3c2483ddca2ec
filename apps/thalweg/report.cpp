#include "thalweg/report/report.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "commands.hpp"
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "thalweg/base/log.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

struct ReportOptions {
  std::string run;
  std::string open = "auto";
  std::string out = "runs";
};

void add_settings(run::Settings& settings, ReportOptions& options) {
  settings.add({.name = "run",
                .target = &options.run,
                .help = "the run, by name or path",
                .metavar = "RUN"});
  settings.add({.name = "open",
                .target = &options.open,
                .help = "show the page in a browser; auto = where there is a desktop",
                .metavar = "WHEN",
                .choices = {"auto", "yes", "no"}});
  settings.add({.name = "out",
                .target = &options.out,
                .help = "folder that holds the runs",
                .metavar = "DIR"});
}

bool has_desktop() {
  return isatty(STDOUT_FILENO) == 1 && (std::getenv("DISPLAY") || std::getenv("WAYLAND_DISPLAY"));
}

/// Hands the page to the desktop's opener. False where there is none.
bool open_in_browser(const std::filesystem::path& page) {
  const pid_t child = fork();
  if (child == 0) {
    execlp("xdg-open", "xdg-open", page.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int run_report(const ReportOptions& options, const run::Settings&) {
  const auto folder = run::RunFolder::open(options.out, options.run);
  report::write_report(folder);
  fmt::print("{}\n", folder.report().string());
  const bool wanted = options.open == "yes" || (options.open == "auto" && has_desktop());
  if (wanted && !open_in_browser(folder.report())) {
    log_warning("No browser could be started; open the page by hand.");
  }
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
