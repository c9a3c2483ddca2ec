#include "thalweg/run/interrupt.hpp"

#include <csignal>
#include <string_view>

#include <unistd.h>

#include "thalweg/base/error.hpp"

namespace thalweg::run {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};

volatile std::sig_atomic_t interrupted = 0;
bool guarded = false;
struct sigaction previous[2];

// Only calls that are safe in a signal handler: write and _exit.
void on_signal(int) {
  if (interrupted) {
    constexpr std::string_view kMessage =
        "\nStopped at once, without saving; the last checkpoint is whole.\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
    ::_exit(static_cast<int>(ExitCode::kInterrupted));
  }
  interrupted = 1;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  if (guarded) throw InternalError("run::InterruptGuard", "two guards are alive at once.");
  guarded = true;
  interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // the step that is ending must not see its reads and writes fail
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &action, &previous[i]);
}

InterruptGuard::~InterruptGuard() {
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &previous[i], nullptr);
  guarded = false;
}

bool InterruptGuard::requested() { return interrupted != 0; }

}  // namespace thalweg::run
