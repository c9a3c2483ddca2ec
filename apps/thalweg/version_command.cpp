#include "commands.hpp"
#include "version.hpp"
#include <fmt/format.h>

namespace thalweg::app {
namespace {

struct VersionOptions {};

void add_settings(run::Settings&, VersionOptions&) {}

int run_version(const VersionOptions&, const run::Settings&) {
  fmt::print("{}", version_text());
  return 0;
}

}  // namespace

Command version_command() {
  Command command{.name = "version",
                  .group = "About",
                  .summary = "Say the versions of Thalweg and its libraries",
                  .description =
                      "Prints the version of Thalweg and of the libraries it was built with, as "
                      "--version does.",
                  .example = "thalweg --version",
                  .settings = run::Settings("version")};
  bind_options<VersionOptions>(command, run_version);
  return command;
}

}  // namespace thalweg::app
