#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace thalweg {

/// Progress of a long run on standard error: rate and time left. On a terminal one line that is
/// redrawn (at most ten times a second); elsewhere one plain line at growing intervals (10 s, then
/// up to 60 s).
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
  /// Says what was done and in what time, and ends the line. Called by the destructor.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    Clock::time_point time;
    std::int64_t done;
  };

  void sample(Clock::time_point now);
  std::string line(Clock::time_point now) const;
  std::string summary(Clock::time_point now) const;

  std::string what_;
  std::int64_t total_;
  std::int64_t start_;
  std::int64_t done_;
  std::string note_;
  bool quiet_;
  bool terminal_;
  Clock::time_point begin_;
  Clock::time_point last_;
  std::chrono::milliseconds interval_;
  std::deque<Sample> samples_;  // the recent past, for the rate
};

/// "1 h 04 min", "3 min 20 s", "4.2 s".
std::string duration_text(double seconds);

}  // namespace thalweg
