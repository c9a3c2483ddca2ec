#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thalweg::testing {

struct ProgramResult {
  int exit_code = -1;  ///< -1 where a signal ended it
  std::string out;
  std::string err;
  double seconds = 0;
};

/// Runs a program as a shell would, in `folder`, to its end.
ProgramResult run_program(const std::vector<std::string>& words,
                          const std::filesystem::path& folder);

/// Runs the `thalweg` of this build.
ProgramResult thalweg(std::vector<std::string> arguments,
                      const std::filesystem::path& folder = std::filesystem::temp_directory_path());

/// Starts the `thalweg` of this build in `folder` and sends it a signal once the run runs/`name`
/// has a checkpoint, or after 30 s. Returns its wait status.
int signal_after_checkpoint(std::vector<std::string> arguments,
                            const std::filesystem::path& folder,
                            const std::string& name,
                            int signal);

/// Whether a program is installed on this machine.
bool is_installed(const std::string& program);

}  // namespace thalweg::testing
