#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace thalweg::nn {

struct SandboxLimits {
  double seconds = 120;
  std::int64_t memory_bytes = 0;  ///< beyond what the process has mapped already; 0: no limit
};

struct SandboxOutcome {
  enum class End { kReturned, kThrew, kSignal, kExited, kTimedOut };
  End end = End::kReturned;
  std::string text;    ///< what the work returned, or the message of what it threw
  int code = 0;        ///< of kSignal: the signal; of kExited: the exit status
  std::string output;  ///< the last of what it wrote to standard output and error
};

/// Runs `work` in a forked child: whatever it does to its memory, however long it takes, this
/// process goes on. Files cannot be written there and crash dumps are off.
/// @throws RunFailed  if the system refuses the process
SandboxOutcome run_in_sandbox(const std::function<std::string()>& work,
                              const SandboxLimits& limits);

/// Bytes that could be allocated now without swapping; 0 where the system does not say.
std::int64_t available_memory_bytes();

}  // namespace thalweg::nn
