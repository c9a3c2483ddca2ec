#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::run {

/// A time series: row t is the state before step t. Rows not recorded and columns not there yet are NaN.
struct Series {
  std::string unit;         ///< "nats", "1" for pure numbers
  std::string description;  ///< one sentence
  bool matrix = false;      ///< shape (rows, columns) rather than (rows)
  std::int64_t rows = 0;
  std::int64_t columns = 1;  ///< of a matrix: 0 before the first row, grows as wider rows come
  std::vector<double> values;  ///< row-major, rows * columns
  double at(std::int64_t row, std::int64_t column = 0) const { return values[row * columns + column]; }
};

/// The time series of a run, in memory, with closed snapshots on disk.
///
/// metrics.h5 is never held open: every snapshot is written aside and renamed, so that other programs can read it
/// during the run and after kill -9. Datasets lie at PROCESS/NAME as little-endian float64, with the attributes
/// `unit` and `description` (fixed-length ASCII/UTF-8 strings, which h5py and MATLAB read).
class Recorder {
 public:
  explicit Recorder(std::filesystem::path file) : file_(std::move(file)) {}

  /// Names a series. Declaring it again with the same words is allowed. @throws InvalidArgument otherwise
  void declare(std::string_view path, std::string_view unit, std::string_view description,
               bool matrix = false);
  /// Sets row `row` (>= 0) of a declared series; rows between become NaN. A matrix takes a row of any width.
  void record(std::string_view path, std::int64_t row, double value);
  void record(std::string_view path, std::int64_t row, std::span<const double> values);

  const std::map<std::string, Series, std::less<>>& series() const { return series_; }
  const Series* find(std::string_view path) const;

  /// Writes the snapshot now. @throws RunFailed (full disk), the old snapshot stays
  void write_snapshot();
  /// Writes a snapshot if the interval since the last has passed (1 s at first, growing so that writing takes at
  /// most 5% of the run time). Returns true if it wrote.
  bool write_snapshot_if_due();

  /// Goes on from a snapshot: loads `file`, keeps rows [0, rows) of every series. Write the snapshot before the
  /// checkpoint, so that every row before the checkpoint's step is there.
  /// @throws BadInput if the file cannot be read or a series declared before has other words in it
  void resume(std::int64_t rows);

 private:
  using Clock = std::chrono::steady_clock;
  Series& row_of(std::string_view path, std::int64_t row, bool matrix);

  std::filesystem::path file_;
  std::map<std::string, Series, std::less<>> series_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point last_write_ = begin_;
  double write_seconds_ = 0;       ///< in all
  double last_write_seconds_ = 0;  ///< for the last snapshot
};

/// Reads a metrics file. @throws BadInput
std::map<std::string, Series, std::less<>> read_metrics(const std::filesystem::path& file);

/// Writes a metrics file whole or not at all.
void write_metrics(const std::filesystem::path& file,
                   const std::map<std::string, Series, std::less<>>& series);

/// One CSV per process (PROCESS.csv: column `step`, then the series; matrices as NAME_0, NAME_1,
/// ...) into `folder`. Series without a process lie in run.csv. NaN is an empty field; columns have
/// distinct names. Returns the files.
std::vector<std::filesystem::path> export_csv(const std::map<std::string, Series, std::less<>>& series,
                                              const std::filesystem::path& folder);

}  // namespace thalweg::run
