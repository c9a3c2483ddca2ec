// `thalweg-torch`: the commands that need libtorch. People start it as `thalweg COMMAND`.

#include <string>
#include <vector>

#include "command_line.hpp"
#include "flow_options.hpp"
#include "guard.hpp"
#include "spectrum_options.hpp"

#include "thalweg/base/error.hpp"

namespace thalweg::app {
namespace {

int run_torch(const std::vector<std::string>& arguments) {
  std::vector<Command> commands = {flow_command(run_flow), spectrum_command(run_spectrum)};
  if (arguments.empty()) throw InvalidArgument("thalweg-torch", "is started by thalweg; use that.");
  auto& command = find_command(commands, arguments[0]);
  return run_command(command, std::vector(arguments.begin() + 1, arguments.end()));
}

}  // namespace
}  // namespace thalweg::app

int main(int argc, char** argv) {
  return thalweg::app::guarded([&] { return thalweg::app::run_torch({argv + 1, argv + argc}); });
}
