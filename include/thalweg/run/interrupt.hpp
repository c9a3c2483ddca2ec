#pragma once

namespace thalweg::run {

/// While alive, the first SIGINT or SIGTERM only sets a flag (the run ends its step and saves); a second one ends the
/// program at once with exit code 130. One guard at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool requested();
};

}  // namespace thalweg::run
