#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "thalweg/run/folder.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::report {

/// The numbers and texts of a summary by path ("results.edge.first_step"). What is absent, null or
/// of another type is simply not there: a page shows what a run has.
class Facts {
 public:
  explicit Facts(nlohmann::json summary) : summary_(std::move(summary)) {}

  const nlohmann::json* find(std::string_view path) const;
  std::optional<double> number(std::string_view path) const;
  /// A text, or a number as text; "" if absent.
  std::string text(std::string_view path) const;
  std::vector<std::string> texts(
      std::string_view path) const;  ///< of an array; entries of other types are left out
  std::vector<double> numbers(std::string_view path) const;  ///< of an array; null is NaN

 private:
  nlohmann::json summary_;
};

/// A member of a JSON object: NaN or "" where it is absent or of another type.
double json_number(const nlohmann::json& object, const char* key);
std::string json_text(const nlohmann::json& object, const char* key);

/// All that a page is made from.
struct RunData {
  std::string name;
  std::string path;     ///< of the run folder, as the user would type it
  std::string command;  ///< see command_of
  Facts facts;
  std::string configuration;  ///< config.toml verbatim, "" if absent
  std::map<std::string, run::Series, std::less<>> series;

  const run::Series* find(std::string_view series_path) const;
  /// A column of a series, empty if it or the column is absent.
  std::vector<double> column(std::string_view series_path, std::int64_t column = 0) const;
  /// All columns of a series that hold a number, none if it is absent.
  std::vector<std::vector<double>> columns(std::string_view series_path) const;
};

/// The command that made a run, by its summary, else by its configuration; "" if neither says.
std::string command_of(const run::RunFolder& folder);

/// Reads what is there of a run; a run that never ended has no summary, and may have no series yet.
/// @throws BadInput  a file that is there and cannot be read
RunData read_run(const run::RunFolder& folder);

}  // namespace thalweg::report
