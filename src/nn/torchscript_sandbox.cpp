#include "nn/torchscript_sandbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file_io.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"

namespace thalweg::nn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kOutputKept = 4096;
constexpr std::size_t kLongestReport = std::size_t{1} << 24;

[[noreturn]] void system_refused(const char* what, int error) {
  throw RunFailed(
      "trial of the model",
      fmt::format("{} for a process of its own failed: {}. Free some memory or processes.",
                  what,
                  std::strerror(error)));
}

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

Pipe open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) system_refused("a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// --- in the child --------------------------------------------------------------------------------

void limit(__rlimit_resource resource, std::uint64_t value) {
  rlimit current{};
  if (::getrlimit(resource, &current) != 0) return;
  current.rlim_cur = std::min<rlim_t>(value, current.rlim_max);
  current.rlim_max = current.rlim_cur;
  ::setrlimit(resource, &current);
}

std::uint64_t mapped_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void confine(const SandboxLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL}) {
    std::signal(signal, SIG_DFL);
  }
  limit(RLIMIT_CORE, 0);
  // A write to a file fails instead of killing; nothing of this child belongs into the run's log.
  std::signal(SIGXFSZ, SIG_IGN);
  limit(RLIMIT_FSIZE, 0);
  set_log_file("");
  // Processor time as a second fence, should this child outlive its parent's patience.
  limit(RLIMIT_CPU, static_cast<std::uint64_t>(std::ceil(limits.seconds)) + 1);
  if (limits.memory_bytes > 0) {
    limit(RLIMIT_AS, mapped_bytes() + static_cast<std::uint64_t>(limits.memory_bytes));
  }
  // Should memory run out all the same, the kernel is to choose this process.
  std::ofstream("/proc/self/oom_score_adj") << 1000;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// First byte of a report: whether the work returned or threw.
constexpr char kReturnedMark = '+';
constexpr char kThrewMark = '-';

std::string report_of(const std::function<std::string()>& work) {
  try {
    return kReturnedMark + work();
  } catch (const std::exception& error) {
    return kThrewMark + std::string(error.what());
  } catch (...) {
    return kThrewMark + std::string("an exception that is no std::exception");
  }
}

[[noreturn]] void run_child(const std::function<std::string()>& work,
                            const SandboxLimits& limits,
                            int report,
                            int output) {
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  confine(limits);
  write_all(report, report_of(work));
  // Not exit(): destructors and buffers belong to the parent.
  ::_exit(0);
}

// --- in the parent -------------------------------------------------------------------------------

/// A stream of the child, kept up to a limit from its end (tail) or its beginning.
struct Stream {
  int descriptor = -1;
  std::size_t limit = 0;
  bool tail = false;
  std::string text;

  bool open() const { return descriptor >= 0; }

  void read_some() {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      descriptor = -1;
      return;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() <= limit) return;
    text = tail ? text.substr(text.size() - limit) : text.substr(0, limit);
  }
};

/// Reads both streams until the child has closed its report. @return false at the deadline
bool listen(Stream& report, Stream& output, Clock::time_point deadline) {
  while (report.open()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> waiting{
        pollfd{report.descriptor, POLLIN, 0},
        pollfd{output.descriptor, POLLIN, 0},  // negative once closed: poll ignores it
    };
    if (::poll(waiting.data(),
               waiting.size(),
               static_cast<int>(std::min<std::int64_t>(left, 1000))) < 0) {
      continue;
    }
    if (waiting[1].revents != 0) output.read_some();
    if (waiting[0].revents != 0) report.read_some();
  }
  return true;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void set_end(SandboxOutcome& outcome, int status, const std::string& report) {
  using End = SandboxOutcome::End;
  if (WIFSIGNALED(status)) {
    outcome.code = WTERMSIG(status);
    outcome.end = outcome.code == SIGXCPU ? End::kTimedOut : End::kSignal;
  } else if (WEXITSTATUS(status) != 0 || report.empty()) {
    outcome.end = End::kExited;
    outcome.code = WEXITSTATUS(status);
  } else {
    outcome.end = report.front() == kReturnedMark ? End::kReturned : End::kThrew;
    outcome.text = report.substr(1);
  }
}

}  // namespace

SandboxOutcome run_in_sandbox(const std::function<std::string()>& work,
                              const SandboxLimits& limits) {
  Pipe report_pipe = open_pipe();
  Pipe output_pipe = open_pipe();
  const pid_t child = ::fork();
  if (child < 0) system_refused("fork", errno);
  if (child == 0) run_child(work, limits, report_pipe.write_end.get(), output_pipe.write_end.get());
  report_pipe.write_end.close();
  output_pipe.write_end.close();

  Stream report{.descriptor = report_pipe.read_end.get(), .limit = kLongestReport, .text = {}};
  Stream output{
      .descriptor = output_pipe.read_end.get(), .limit = kOutputKept, .tail = true, .text = {}};
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(limits.seconds));
  const bool in_time = listen(report, output, deadline);
  if (!in_time) ::kill(child, SIGKILL);
  const int status = wait_for(child);
  while (output.open()) output.read_some();

  SandboxOutcome outcome;
  outcome.output = std::move(output.text);
  if (in_time) {
    set_end(outcome, status, report.text);
  } else {
    outcome.end = SandboxOutcome::End::kTimedOut;
  }
  return outcome;
}

std::int64_t available_memory_bytes() {
  std::ifstream info("/proc/meminfo");
  std::string name;
  std::string unit;
  for (std::int64_t value = 0; info >> name >> value; std::getline(info, unit)) {
    if (name == "MemAvailable:") return value * 1024;
  }
  return 0;
}

}  // namespace thalweg::nn
