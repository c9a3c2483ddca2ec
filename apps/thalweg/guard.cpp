#include "guard.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::app {
namespace {

int complain(const std::string& sentence, ExitCode code) {
  fmt::print(stderr, "thalweg: {}\n", sentence);
  return static_cast<int>(code);
}

/// libtorch puts its C++ stack behind the first line of a message.
std::string first_line(const char* message) {
  std::string text = message;
  text.resize(std::min(text.size(), text.find('\n')));
  while (text.ends_with('.')) text.pop_back();
  return text;
}

void flush_standard_output() {
  if (std::fflush(stdout) == 0) return;
  throw RunFailed("standard output", fmt::format("cannot be written: {}.", std::strerror(errno)));
}

}  // namespace

int guarded(const std::function<int()>& body) {
  try {
    const int code = body();
    flush_standard_output();
    return code;
  } catch (const Error& error) {
    return complain(error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return complain(
        "the memory of this machine is exhausted; give fewer --examples or a --memory limit.",
        ExitCode::kRunFailed);
  } catch (const std::exception& error) {
    return complain(fmt::format("failed in a way that was not foreseen: {}. Please report it with "
                                "the command that you typed.",
                                first_line(error.what())),
                    ExitCode::kRunFailed);
  }
}

}  // namespace thalweg::app
