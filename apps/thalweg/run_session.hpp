#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common_options.hpp"
#include <nlohmann/json_fwd.hpp>

#include "thalweg/run/checkpoint.hpp"
#include "thalweg/run/folder.hpp"
#include "thalweg/run/live.hpp"
#include "thalweg/run/recorder.hpp"
#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// What every command that makes a run does around it: the folder, the log, the resolved
/// configuration, checkpoints, the summary and the report.
class RunSession {
 public:
  /// Creates the run's folder, or opens the one to resume, marks it as going on, and writes
  /// config.toml. @throws BadInput  if the run is going on already
  /// @param begin  of the work
  RunSession(const CommonOptions& common,
             const run::Settings& settings,
             std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now());
  ~RunSession();
  RunSession(const RunSession&) = delete;
  RunSession& operator=(const RunSession&) = delete;

  const run::RunFolder& folder() const { return folder_; }
  run::Recorder& recorder() { return recorder_; }
  bool resuming() const { return resuming_; }

  /// The newest checkpoint of the run to resume, with the recorder cut to it; nothing where it
  /// starts anew.
  std::optional<run::Checkpoint> resume_point();

  /// Metrics first, then the checkpoint: what the checkpoint knows is always in the metrics too.
  void save(const run::Checkpoint& checkpoint);
  /// Whether `every` steps have passed, or with 0 about a minute, since the last checkpoint.
  bool save_due(std::int64_t step, std::int64_t every) const;

  /// Adds what every summary holds, writes it with the metrics and the report, prints it with
  /// --json, and says where the run lies. @param status  "done", "interrupted" or "diverged"
  void finish(const std::string& status, nlohmann::json results);

  double seconds() const;  ///< wall time, that of the sessions before it included

 private:
  const CommonOptions& common_;
  std::string command_;
  run::RunFolder folder_;
  run::LiveMark mark_;
  run::Recorder recorder_;
  bool resuming_;
  std::chrono::steady_clock::time_point begin_, last_save_;
  double earlier_seconds_ = 0;
};

}  // namespace thalweg::app
