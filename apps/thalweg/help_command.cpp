#include <span>
#include <string>

#include "command_line.hpp"
#include "commands.hpp"
#include "help.hpp"
#include <fmt/format.h>

namespace thalweg::app {
namespace {

struct HelpOptions {
  std::string topic;
};

void add_settings(run::Settings& settings, HelpOptions& options) {
  settings.add({.name = "topic",
                .target = &options.topic,
                .help = "the command to explain; all in brief without",
                .metavar = "COMMAND"});
}

int run_help(const HelpOptions& options, const run::Settings&) {
  auto commands = all_commands();
  fmt::print("{}",
             options.topic.empty() ? overview_text(commands)
                                   : help_text(find_command(commands, options.topic)));
  return 0;
}

}  // namespace

Command help_command() {
  Command command{
      .name = "help",
      .group = "About",
      .summary = "Explain a command",
      .description = "Prints what `thalweg COMMAND --help` prints, and alone the overview.",
      .example = "thalweg help flow",
      .operand = "topic",
      .operand_optional = true,
      .settings = run::Settings("help")};
  bind_options<HelpOptions>(command, run_help);
  return command;
}

}  // namespace thalweg::app
