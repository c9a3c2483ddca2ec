#pragma once

#include <functional>

namespace thalweg::app {

/// Runs a program's body; what it throws becomes one sentence on standard error and an exit code.
int guarded(const std::function<int()>& body);

}  // namespace thalweg::app
