#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

/// Progress of a long run on standard error: rate and time left. On a terminal one line that is redrawn
/// (at most ten times a second); elsewhere one plain line at growing intervals (10 s, then up to 60 s).
class Progress {
 public:
  /// @param what   what is being done ("steps"); used as the unit of the rate
  /// @param total  number of units in all, >= done
  Progress(std::string what, std::int64_t total, std::int64_t done = 0, bool quiet = false);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units are finished; `note` is shown behind (loss, sharpness).
  void update(std::int64_t done, std::string_view note = {});
  /// Ends the line.
  void finish();

 private:
  std::string line(std::int64_t done, std::string_view note) const;

  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::int64_t total_;
  std::int64_t start_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point begin_;
  Clock::time_point last_;
  std::chrono::milliseconds interval_;
};

/// "1 h 04 min", "3 min 20 s", "4.2 s".
std::string duration_text(double seconds);

}  // namespace thalweg
