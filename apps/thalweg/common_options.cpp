#include "common_options.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::app {
namespace {

bool is_device(std::string_view text) {
  constexpr std::string_view kCuda = "cuda";
  if (text == "cpu" || text == kCuda) return true;
  if (!text.starts_with("cuda:") || text.size() > kCuda.size() + 4) return false;
  const auto index = text.substr(kCuda.size() + 1);
  return !index.empty() &&
         std::ranges::all_of(index, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string default_out() {
  const char* named = std::getenv("THALWEG_RUNS");
  return named == nullptr || *named == '\0' ? "runs" : named;
}

}  // namespace

void add_out_setting(run::Settings& settings, std::string& out, const std::string& group) {
  out = default_out();
  settings.add({.name = "out",
                .target = &out,
                .help = "folder that holds the runs; the environment variable THALWEG_RUNS sets "
                        "the default",
                .metavar = "DIR",
                .aliases = {"-o"},
                .located = run::path_from,
                .recorded = false,
                .group = group});
}

void add_settings(run::Settings& settings, CommonOptions& options) {
  const std::string machine = "Machine";
  settings.add({.name = "seed",
                .target = &options.seed,
                .help = "seed of every random stream",
                .minimum = 0,
                .group = machine});
  settings.add({.name = "threads",
                .target = &options.threads,
                .help = "threads to compute with; 0 = all available processors",
                .minimum = 0,
                .maximum = 4096,
                .group = machine});
  settings.add({.name = "memory",
                .target = &options.memory,
                .help = "memory to stay within, as 4GB or 512MiB; examples are then taken in "
                        "parts; no limit by default",
                .metavar = "SIZE",
                .group = machine});
  settings.add({.name = "device",
                .target = &options.device,
                .help = "where tensors live: cpu, cuda or cuda:INDEX",
                .metavar = "DEVICE",
                .group = machine});
  settings.add({.name = "dtype",
                .target = &options.dtype,
                .help = "precision of weights and losses",
                .choices = {"float32", "float64"},
                .group = machine});

  const std::string run = "Run";
  settings.add({.name = "config",
                .target = &options.config,
                .help = "read settings from this file; what the command line says wins",
                .metavar = "FILE.toml",
                .recorded = false,
                .group = run});
  add_out_setting(settings, options.out, run);
  settings.add({.name = "name",
                .target = &options.name,
                .help = "name of this run; the command and the time by default",
                .metavar = "NAME",
                .recorded = false,
                .group = run});
  settings.add(
      {.name = "resume",
       .target = &options.resume,
       .help = "go on with a run that was interrupted, or that is done with a larger --steps",
       .metavar = "RUN",
       .recorded = false,
       .group = run});
  settings.add({.name = "force",
                .target = &options.force,
                .help = "replace a run of the same name",
                .recorded = false,
                .group = run});
  settings.add({.name = "dry-run",
                .target = &options.dry_run,
                .help = "only say the sizes, operations and memory it would take",
                .recorded = false,
                .group = run});
  settings.add({.name = "quiet",
                .target = &options.quiet,
                .help = "no messages but warnings and errors",
                .aliases = {"-q"},
                .recorded = false,
                .group = run});
  settings.add({.name = "json",
                .target = &options.json,
                .help = "print summary.json on standard output, and nothing else there",
                .recorded = false,
                .group = run});
}

void resolve_threads(run::Settings& settings, CommonOptions& options) {
  if (options.threads != 0) return;
  options.threads = available_processors();
  settings.set("threads", {std::to_string(options.threads)});
}

void check(const CommonOptions& options, const run::Settings&) {
  if (!options.memory.empty()) parse_size(options.memory);
  if (!is_device(options.device)) {
    throw InvalidArgument("--device",
                          "expected cpu, cuda or cuda:INDEX; got '" + options.device + "'.");
  }
}

}  // namespace thalweg::app
