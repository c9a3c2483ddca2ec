#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace thalweg::run {

/// A run on disk: runs/<name>/ with config.toml, metrics.h5, summary.json, checkpoints/, log.txt, report.html.
class RunFolder {
 public:
  /// Creates `out/name`. @throws BadInput if it exists and not `force` (says --force, --name, --resume); with
  /// `force` an old *run* there is removed first, anything else is refused. RunFailed if it cannot be created.
  static RunFolder create(const std::filesystem::path& out, const std::string& name, bool force);
  /// An existing run, by path or by name under `out`. @throws BadInput with the nearest names.
  static RunFolder open(const std::filesystem::path& out, const std::string& run);

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  std::filesystem::path config() const { return path_ / "config.toml"; }
  std::filesystem::path metrics() const { return path_ / "metrics.h5"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }

  void write_summary(const nlohmann::json& summary) const;  ///< atomically; NaN and infinities become null
  nlohmann::json read_summary() const;                      ///< @throws BadInput

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// "flow-20260117-142530", unique under `out` (a number is added where it is taken).
std::string default_run_name(const std::filesystem::path& out, const std::string& command);

/// One line of `thalweg list`.
struct RunInfo {
  std::filesystem::path path;
  std::string command, status;  ///< "done", "interrupted", "diverged"; "unfinished" without summary, "damaged" if unreadable
  double seconds = 0;
  std::int64_t bytes = 0;
  std::filesystem::file_time_type modified;
};
std::vector<RunInfo> list_runs(const std::filesystem::path& out);  ///< newest first

}  // namespace thalweg::run
