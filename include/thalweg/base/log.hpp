#pragma once

#include <filesystem>
#include <string_view>

namespace thalweg {

enum class LogLevel { kInfo, kWarning, kError };

/// Where messages go: standard error (plain sentences) and, once a run has a folder, its log.txt
/// (appended, each line with UTC time and level). Quiet keeps what is only information off standard
/// error; warnings and errors stay. Safe from several threads.
void set_log_quiet(bool quiet);
void set_log_file(const std::filesystem::path& file);  ///< "" closes it. @throws RunFailed
void log(LogLevel level, std::string_view message);
inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_warning(std::string_view message) { log(LogLevel::kWarning, message); }

}  // namespace thalweg
