#include "torch_program.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::app {
namespace {

namespace fs = std::filesystem;

/// Beside this program in the build tree, in libexec where it is installed: wherever the prefix was
/// moved to.
fs::path find_torch_program() {
  const auto here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const auto& folder : {here, here / THALWEG_LIBEXEC_FROM_BIN}) {
    if (auto program = folder / "thalweg-torch"; fs::exists(program)) return program;
  }
  throw RunFailed("thalweg",
                  "this installation was built without libtorch, which this command needs; "
                  "build it with -DTHALWEG_TORCH=ON.");
}

}  // namespace

void become_torch_program(const std::vector<std::string>& arguments) {
  const auto program = find_torch_program();
  std::vector<char*> argv = {const_cast<char*>("thalweg")};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  set_math_environment();
  execv(program.c_str(), argv.data());
  throw RunFailed("thalweg",
                  fmt::format("cannot start {}: {}.", program.string(), std::strerror(errno)));
}

}  // namespace thalweg::app
