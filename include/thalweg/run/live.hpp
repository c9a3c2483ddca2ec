#pragma once

#include <filesystem>

namespace thalweg::run {

/// Marks a run as going on for as long as this object lives, and not longer than its process: the
/// mark is a lock on log.txt, which the system takes back after kill -9 too. File systems without
/// locks have no marks.
class LiveMark {
 public:
  /// @param run  the folder of a run
  /// @throws BadInput  if the run is going on already, in this process or another
  explicit LiveMark(const std::filesystem::path& run);
  ~LiveMark();
  LiveMark(const LiveMark&) = delete;
  LiveMark& operator=(const LiveMark&) = delete;

 private:
  int descriptor_;
};

/// Whether a LiveMark is on the run, seen from any process of this machine.
bool is_live(const std::filesystem::path& run);

}  // namespace thalweg::run
