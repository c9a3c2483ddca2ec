// `thalweg`: everything about runs and itself, within milliseconds. Commands that compute are
// checked here, so that a mistyped option is answered at once, and then handed to thalweg-torch or
// thalweg-index.

#include <string>
#include <vector>

#include "command_line.hpp"
#include "commands.hpp"
#include "guard.hpp"
#include "help.hpp"
#include "version.hpp"
#include "worker_program.hpp"
#include <fmt/format.h>

namespace thalweg::app {
namespace {

int print(const std::string& text) {
  fmt::print("{}", text);
  return 0;
}

int run_front(const std::vector<std::string>& arguments) {
  auto commands = all_commands();
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    return print(overview_text(commands));
  }
  if (arguments[0] == "--version" || arguments[0] == "-V") return print(version_text());

  auto& command = find_command(commands, arguments[0]);
  if (!command.run) {
    const auto program = command.program;
    command.run = [&](const run::Settings&) -> int { become_worker_program(program, arguments); };
  }
  return run_command(command, std::vector(arguments.begin() + 1, arguments.end()));
}

}  // namespace
}  // namespace thalweg::app

int main(int argc, char** argv) {
  return thalweg::app::guarded([&] { return thalweg::app::run_front({argv + 1, argv + argc}); });
}
