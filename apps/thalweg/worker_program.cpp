#include "worker_program.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "command_line.hpp"
#include <fmt/format.h>
#include <unistd.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::app {
namespace {

namespace fs = std::filesystem;

/// Beside this program in the build tree, in libexec where it is installed: wherever the prefix was
/// moved to.
fs::path find_program(const std::string& name) {
  const auto here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const auto& folder : {here, here / THALWEG_LIBEXEC_FROM_BIN}) {
    if (auto program = folder / name; fs::exists(program)) return program;
  }
  throw RunFailed("thalweg",
                  fmt::format("this installation lacks {}, which does the work of this command; "
                              "build it with -DTHALWEG_TORCH=ON and install it whole.",
                              name));
}

}  // namespace

void become_worker_program(const std::string& name, const std::vector<std::string>& arguments) {
  const auto program = find_program(name);
  std::vector<char*> argv = {const_cast<char*>("thalweg")};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  set_math_environment();
  execv(program.c_str(), argv.data());
  throw RunFailed("thalweg",
                  fmt::format("cannot start {}: {}.", program.string(), std::strerror(errno)));
}

int run_worker(const std::string& name,
               std::vector<Command> commands,
               const std::vector<std::string>& arguments) {
  if (arguments.empty()) throw InvalidArgument(name, "is started by thalweg; use that.");
  auto& command = find_command(commands, arguments[0]);
  return run_command(command, std::vector(arguments.begin() + 1, arguments.end()));
}

}  // namespace thalweg::app
