#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "browser.hpp"
#include "commands.hpp"
#include "common_options.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/report/compare_page.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
  std::vector<std::string> runs;
  std::string out;
  std::string report;
  std::string open = "auto";
  bool json = false;
  bool force = false;
};

void add_settings(run::Settings& settings, CompareOptions& options) {
  settings.add({.name = "runs",
                .target = &options.runs,
                .help = "the runs, by name or path; two at least",
                .metavar = "RUN"});
  add_out_setting(settings, options.out);
  settings.add({.name = "report",
                .target = &options.report,
                .help = "file for the page; compare-NAME-NAME.html beside the first run by default",
                .metavar = "FILE.html",
                .located = run::path_from});
  add_open_setting(settings, options.open);
  settings.add({.name = "json",
                .target = &options.json,
                .help = "print what differs and the results as JSON instead of the page's path"});
  settings.add({.name = "force",
                .target = &options.force,
                .help = "replace a file of that name that is no comparison"});
}

void check(const CompareOptions& options, const run::Settings&) {
  if (options.runs.size() >= 2) return;
  throw InvalidArgument("thalweg compare",
                        fmt::format("needs two runs or more; got only '{0}'. 'thalweg report {0}' "
                                    "makes the page of one run.",
                                    options.runs.front()));
}

/// Beside the first run, named after all of them, so that one comparison does not replace another.
fs::path default_page(const std::vector<run::RunFolder>& folders) {
  constexpr std::size_t kLongest = 120;  // bytes; file systems take 255
  std::string name = "compare";
  std::size_t named = 0;
  for (const auto& folder : folders) {
    if (name.size() + folder.name().size() > kLongest) break;
    name += "-" + folder.name();
    ++named;
  }
  if (named < folders.size()) name += fmt::format("-and-{}-more", folders.size() - named);
  return folders.front().path().parent_path() / (name + ".html");
}

bool is_comparison(const fs::path& file) {
  std::array<char, 1024> beginning = {};
  std::ifstream stream(file, std::ios::binary);
  stream.read(beginning.data(), beginning.size());
  return report::is_compare_page({beginning.data(), static_cast<std::size_t>(stream.gcount())});
}

/// Only a comparison may be replaced: a run's page, or a file that is no page, may be dear.
void refuse_to_replace(const fs::path& page, bool force) {
  if (!fs::exists(fs::symlink_status(page))) return;
  if (fs::is_directory(page)) {
    throw BadInput(page.string(), "is a folder; give --report a file, such as compare.html.");
  }
  if (force || is_comparison(page)) return;
  throw BadInput(page.string(),
                 "exists and is no comparison of ours. Use --report for another file, or --force "
                 "to replace it.");
}

int run_compare(const CompareOptions& options, const run::Settings&) {
  std::vector<run::RunFolder> folders;
  for (const auto& run : options.runs) folders.push_back(run::RunFolder::open(options.out, run));
  const fs::path page = options.report.empty() ? default_page(folders) : fs::path(options.report);
  refuse_to_replace(page, options.force);
  auto comparison = report::compare_page(folders);
  write_atomically(page, comparison.html);
  if (!options.json) {
    present_page(page, options.open);
    return 0;
  }
  comparison.json["report"] = page.string();
  fmt::print("{}\n", comparison.json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return 0;
}

}  // namespace

Command compare_command() {
  Command command{
      .name = "compare",
      .group = "Runs",
      .summary = "Put several runs on one page",
      .description =
          "Writes one page with several runs: which settings differ, the key results side by side, "
          "and their series over the same steps, a colour a run and a stroke a process. Runs may "
          "differ in length, in processes and in command. Prints the path of the page.",
      .example = "thalweg compare flow-20260117-142530 flow-20260117-150211 --open no",
      .operand = "runs",
      .settings = run::Settings("compare")};
  bind_options<CompareOptions>(command, run_compare);
  return command;
}

}  // namespace thalweg::app
