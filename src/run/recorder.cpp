#include "thalweg/run/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "run/temporaries.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/run/csv.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

using SeriesMap = std::map<std::string, Series, std::less<>>;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kLongestText =
    4096;  // bytes of a unit or description; HDF5 takes 64 kB in all
constexpr std::chrono::duration<double> kShortestInterval{1.0};
constexpr double kLargestShare = 0.05;  // of the run time, for writing snapshots

bool valid_path(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return path.find('\0') == std::string_view::npos;
}

/// A name cannot be a series and a folder of series at once. Returns the other series in the way.
const std::string* conflict(const SeriesMap& series, std::string_view path) {
  for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
    const auto found = series.find(path.substr(0, end));
    if (found != series.end()) return &found->first;
  }
  const std::string folder = std::string(path) + "/";
  const auto next = series.lower_bound(folder);
  return next != series.end() && next->first.starts_with(folder) ? &next->first : nullptr;
}

void check_declaration(const SeriesMap& series,
                       std::string_view path,
                       std::string_view unit,
                       std::string_view description) {
  const auto refuse = [&](const std::string& why) {
    throw InvalidArgument("run::Recorder::declare", fmt::format("series '{}': {}", path, why));
  };
  if (!valid_path(path)) refuse("the path must be PROCESS/NAME without empty parts.");
  if (const std::string* other = conflict(series, path)) {
    refuse(fmt::format("'{}' exists, and a series cannot lie inside another.", *other));
  }
  if (std::max(unit.size(), description.size()) > kLongestText) {
    refuse(fmt::format("unit and description are limited to {} bytes.", kLongestText));
  }
}

bool same_words(const Series& a, const Series& b) {
  return a.unit == b.unit && a.description == b.description && a.matrix == b.matrix;
}

void grow_rows(Series& series, std::int64_t rows) {
  if (rows <= series.rows) return;
  series.values.resize(static_cast<std::size_t>(rows * series.columns), kMissing);
  series.rows = rows;
}

void grow_columns(Series& series, std::int64_t columns) {
  if (columns <= series.columns) return;
  std::vector<double> wider(static_cast<std::size_t>(series.rows * columns), kMissing);
  for (std::int64_t row = 0; row < series.rows; ++row) {
    std::copy_n(series.values.begin() + row * series.columns,
                series.columns,
                wider.begin() + row * columns);
  }
  series.values = std::move(wider);
  series.columns = columns;
}

void keep_rows(Series& series, std::int64_t rows) {
  series.rows = std::min(series.rows, rows);
  series.values.resize(static_cast<std::size_t>(series.rows * series.columns));
}

// ------------------------------------------------------------------ CSV

struct Column {
  std::string name;
  const Series* series;
};
using Table = std::vector<Column>;

/// The column of the row's number, and the series at the root that records it.
constexpr std::string_view kStep = "step";

bool counts_rows(const Series& series) {
  for (std::int64_t row = 0; row < series.rows; ++row) {
    const double value = series.matrix ? kMissing : series.at(row);
    if (!std::isnan(value) && value != static_cast<double>(row)) return false;
  }
  return !series.matrix;
}

std::map<std::string, Table> tables_by_process(const SeriesMap& series) {
  std::map<std::string, Table> tables;
  for (const auto& [path, one] : series) {
    if (path == kStep && counts_rows(one)) continue;  // every table has this column
    const std::size_t slash = path.find('/');
    const bool has_process = slash != std::string::npos;
    const std::string process = has_process ? path.substr(0, slash) : "run";
    tables[process].push_back({has_process ? path.substr(slash + 1) : path, &one});
  }
  return tables;
}

std::string csv_header(const Table& table) {
  std::vector<std::string> names = {std::string(kStep)};
  for (const Column& column : table) {
    if (!column.series->matrix) names.push_back(column.name);
    for (std::int64_t i = 0; column.series->matrix && i < column.series->columns; ++i)
      names.push_back(fmt::format("{}_{}", column.name, i));
  }
  return csv_line(distinct_names(std::move(names)));
}

std::string csv_row(const Table& table, std::int64_t row) {
  std::vector<std::string> fields = {fmt::format("{}", row)};
  for (const Column& column : table) {
    for (std::int64_t i = 0; i < column.series->columns; ++i) {
      const double value = row < column.series->rows ? column.series->at(row, i) : kMissing;
      fields.push_back(std::isnan(value) ? std::string() : round_trip(value));
    }
  }
  return csv_line(fields);
}

std::string csv_text(const Table& table) {
  std::int64_t rows = 0;
  for (const Column& column : table) rows = std::max(rows, column.series->rows);
  std::string text = csv_header(table);
  for (std::int64_t row = 0; row < rows; ++row) text += csv_row(table, row);
  return text;
}

}  // namespace

void Recorder::declare(std::string_view path,
                       std::string_view unit,
                       std::string_view description,
                       bool matrix) {
  Series series{.unit = std::string(unit),
                .description = std::string(description),
                .matrix = matrix,
                .rows = 0,
                .columns = matrix ? 0 : 1,
                .values = {}};
  if (const Series* known = find(path)) {
    if (same_words(*known, series)) return;
    throw InvalidArgument(
        "run::Recorder::declare",
        fmt::format("series '{}' is declared already, with another unit, description or shape "
                    "('{}', '{}').",
                    path,
                    known->unit,
                    known->description));
  }
  check_declaration(series_, path, unit, description);
  series_.emplace(path, std::move(series));
}

Series& Recorder::row_of(std::string_view path, std::int64_t row, bool matrix) {
  const auto found = series_.find(path);
  if (found == series_.end()) {
    std::vector<std::string> names;
    for (const auto& [name, series] : series_) names.push_back(name);
    throw InvalidArgument(
        "run::Recorder::record",
        fmt::format("series '{}' is not declared.{}", path, did_you_mean(path, names)));
  }
  if (found->second.matrix != matrix || row < 0) {
    throw InvalidArgument("run::Recorder::record",
                          fmt::format("series '{}' takes {} a row, rows from 0; got row {}.",
                                      path,
                                      found->second.matrix ? "several values" : "one value",
                                      row));
  }
  grow_rows(found->second, row + 1);
  return found->second;
}

void Recorder::record(std::string_view path, std::int64_t row, double value) {
  row_of(path, row, false).values[static_cast<std::size_t>(row)] = value;
}

void Recorder::record(std::string_view path, std::int64_t row, std::span<const double> values) {
  Series& series = row_of(path, row, true);
  grow_columns(series, std::ssize(values));
  const auto begin = series.values.begin() + row * series.columns;
  std::fill(std::copy(values.begin(), values.end(), begin), begin + series.columns, kMissing);
}

const Series* Recorder::find(std::string_view path) const {
  const auto found = series_.find(path);
  return found == series_.end() ? nullptr : &found->second;
}

void Recorder::write_snapshot() {
  const auto begin = Clock::now();
  write_metrics(file_, series_);
  last_write_ = Clock::now();
  last_write_seconds_ = std::chrono::duration<double>(last_write_ - begin).count();
  write_seconds_ += last_write_seconds_;
}

bool Recorder::write_snapshot_if_due() {
  const auto now = Clock::now();
  if (now - last_write_ < kShortestInterval) return false;
  // The next write will take about as long as the last.
  const std::chrono::duration<double> elapsed = now - begin_;
  if (write_seconds_ + last_write_seconds_ > kLargestShare * elapsed.count()) return false;
  write_snapshot();
  return true;
}

void Recorder::resume(std::int64_t rows) {
  if (rows < 0) {
    throw InvalidArgument("run::Recorder::resume", fmt::format("rows must be >= 0; got {}.", rows));
  }
  remove_temporaries(file_.parent_path(),
                     [&](const std::string& target) { return target == file_.filename(); });
  for (auto& [path, series] : read_metrics(file_)) {
    const Series* declared = find(path);
    if (declared && !same_words(*declared, series)) {
      throw BadInput(file_.string(),
                     fmt::format("series '{}' has another unit, description or shape than this "
                                 "version writes. Start a new run.",
                                 path));
    }
    Series kept = series;
    keep_rows(kept, rows);
    series_.insert_or_assign(path, std::move(kept));
  }
}

std::vector<fs::path> export_csv(const SeriesMap& series, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw RunFailed(folder.string(),
                    fmt::format("the folder cannot be created ({}).", error.message()));
  }
  std::vector<fs::path> files;
  for (const auto& [process, table] : tables_by_process(series)) {
    files.push_back(folder / (process + ".csv"));
    write_atomically(files.back(), csv_text(table));
  }
  return files;
}

}  // namespace thalweg::run
