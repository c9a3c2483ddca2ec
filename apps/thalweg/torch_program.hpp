#pragma once

#include <string>
#include <vector>

namespace thalweg::app {

/// Becomes thalweg-torch, the program that loads libtorch (0.7 s, which the other commands are
/// spared), with the same arguments. @throws RunFailed  where it is not there or cannot start
[[noreturn]] void become_torch_program(const std::vector<std::string>& arguments);

}  // namespace thalweg::app
