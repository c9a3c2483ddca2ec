#include "program.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::testing {
namespace {

void redirect(int descriptor, const std::filesystem::path& file) {
  const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(126);
}

[[noreturn]] void become(const std::vector<std::string>& words,
                         const std::filesystem::path& folder) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  if (chdir(folder.c_str()) != 0 || unsetenv("THALWEG_RUNS") != 0) _exit(126);
  execvp(argv[0], argv.data());
  _exit(127);
}

bool has_checkpoint(const std::filesystem::path& run) {
  std::error_code none;
  const std::filesystem::directory_iterator files(run / "checkpoints", none);
  return std::ranges::any_of(files,
                             [](const auto& file) { return file.path().extension() == ".npz"; });
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& words,
                          const std::filesystem::path& folder) {
  const TemporaryFolder captured;
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    redirect(STDOUT_FILENO, captured.path() / "out");
    redirect(STDERR_FILENO, captured.path() / "err");
    become(words, folder);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) throw std::runtime_error("fork failed");
  return {
      .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
      .out = read_file(captured.path() / "out"),
      .err = read_file(captured.path() / "err"),
      .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
}

ProgramResult thalweg(std::vector<std::string> arguments, const std::filesystem::path& folder) {
  arguments.insert(arguments.begin(), THALWEG_PROGRAM);
  return run_program(arguments, folder);
}

int signal_after_checkpoint(std::vector<std::string> arguments,
                            const std::filesystem::path& folder,
                            const std::string& name,
                            int signal) {
  arguments.insert(arguments.begin(), THALWEG_PROGRAM);
  const pid_t child = fork();
  if (child == 0) become(arguments, folder);
  if (child < 0) throw std::runtime_error("fork failed");
  for (int i = 0; i < 3000 && !has_checkpoint(folder / "runs" / name); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  kill(child, signal);
  int status = 0;
  if (waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid failed");
  return status;
}

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path == nullptr ? "" : path, ':')) {
    if (access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace thalweg::testing
