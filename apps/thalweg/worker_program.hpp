#pragma once

#include <string>
#include <vector>

#include "command.hpp"

namespace thalweg::app {

/// Becomes thalweg-torch or thalweg-index, with the same arguments: programs that load libraries
/// which the other commands are spared (libtorch takes 0.7 s) and whose environment must be set
/// before.
/// @throws RunFailed  where it is not there or cannot start
[[noreturn]] void become_worker_program(const std::string& name,
                                        const std::vector<std::string>& arguments);

/// What such a program's main does: runs one of its commands, as `thalweg` started it.
int run_worker(const std::string& name,
               std::vector<Command> commands,
               const std::vector<std::string>& arguments);

}  // namespace thalweg::app
