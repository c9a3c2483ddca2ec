#include "thalweg/base/log.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <spdlog/common.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include "base/terminal.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

using NullMutex = spdlog::details::null_mutex;  // Log::mutex already guards every sink

// Plain sentences on standard error, around the line that a Progress may have drawn there.
class TerminalSink final : public spdlog::sinks::base_sink<NullMutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string text;
    if (message.level == spdlog::level::warn) {
      text = "warning: ";
    } else if (message.level >= spdlog::level::err) {
      text = "error: ";
    }
    text.append(message.payload.data(), message.payload.size());
    terminal::print(text);
  }
  void flush_() override {}
};

struct Log {
  Log() : terminal(std::make_shared<TerminalSink>()), logger("thalweg", terminal) {
    logger.flush_on(spdlog::level::trace);
    logger.set_error_handler(
        [](const std::string& why) { terminal::print("warning: cannot write the log: " + why); });
  }

  std::mutex mutex;
  std::shared_ptr<TerminalSink> terminal;
  spdlog::logger logger;
};

Log& instance() {
  static Log log;
  return log;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  throw InternalError("log", "no such level: " + std::to_string(static_cast<int>(level)) + ".");
}

spdlog::sink_ptr open_file(const std::filesystem::path& file) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink<NullMutex>>(file.string());
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%d %H:%M:%S.%e UTC %l: %v", spdlog::pattern_time_type::utc));
    return sink;
  } catch (const spdlog::spdlog_ex& error) {
    throw RunFailed(file.string(),
                    std::string("the log cannot be opened: ") + error.what() +
                        ". Check the permissions and the free space of its folder.");
  }
}

}  // namespace

void set_log_quiet(bool quiet) {
  Log& log = instance();
  const std::lock_guard lock(log.mutex);
  log.terminal->set_level(quiet ? spdlog::level::warn : spdlog::level::trace);
}

void set_log_file(const std::filesystem::path& file) {
  std::vector<spdlog::sink_ptr> sinks = {instance().terminal};
  if (!file.empty()) {
    sinks.push_back(open_file(file));
  }
  Log& log = instance();
  const std::lock_guard lock(log.mutex);
  log.logger.sinks() = std::move(sinks);
}

void log(LogLevel level, std::string_view message) {
  Log& log = instance();
  const std::lock_guard lock(log.mutex);
  log.logger.log(spdlog_level(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace thalweg
