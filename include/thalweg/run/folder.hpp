#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace thalweg::run {

/// A run on disk: runs/<name>/ with config.toml, metrics.h5, summary.json, checkpoints/, log.txt, report.html.
class RunFolder {
 public:
  /// Creates `out/name`. @throws BadInput if it exists and not `force` (says --force, --name,
  /// --resume); with `force` an old *run* there is removed first, anything else is refused, and a
  /// run that is going on. RunFailed if it cannot be created.
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

  /// @throws BadInput  if the folder may not be removed: it is itself a link, holds a file that no
  /// run makes, or, unless `force`, is going on
  void check_removable(bool force) const;
  /// Removes the run from disk, if it is removable. Links in it are removed, not followed.
  /// @throws BadInput  as check_removable; RunFailed if the system refuses
  void remove(bool force) const;

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
  /// "done", "interrupted", "diverged"; "running" while a LiveMark is on it; "unfinished" without
  /// summary, "damaged" if unreadable
  std::string command, status;
  double seconds = 0;
  std::int64_t bytes = 0;
  std::filesystem::file_time_type modified;
};
RunInfo describe_run(const RunFolder& run);

/// The runs under `out` whose names match a pattern with the wildcards of a shell, newest first.
std::vector<RunInfo> list_runs(const std::filesystem::path& out, const std::string& pattern = "*");

/// Runs by name under `out`, by path, or by a pattern of names. @throws BadInput as
/// RunFolder::open, or if nothing matches a pattern
std::vector<RunFolder> open_runs(const std::filesystem::path& out,
                                 const std::vector<std::string>& runs);

}  // namespace thalweg::run
