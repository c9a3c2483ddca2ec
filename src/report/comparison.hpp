#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/run_data.hpp"
#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

/// A run among others.
struct ComparedRun {
  std::string name;  ///< no other run has it
  Ink ink;
  RunData data;
};

/// One thing that is said of every run; null where a run does not have it.
struct ComparedValue {
  std::string name;  ///< of a setting; of a result: its path in the JSON
  std::vector<nlohmann::json> values;
};

struct ComparedSettings {
  std::vector<ComparedValue> differing;  ///< in the order of the configurations
  std::size_t equal = 0;
  std::size_t foreign = 0;  ///< that not all of the commands have, and that do not differ otherwise
};

/// Reads the runs. @throws BadInput  see compare_page
std::vector<ComparedRun> read_runs(const std::vector<run::RunFolder>& folders);

/// The settings of config.toml. Those of another command are no difference: only runs that have a
/// setting are compared in it, unless one of the same command lacks it.
/// @throws BadInput  a configuration that is no TOML
ComparedSettings compare_settings(const std::vector<ComparedRun>& runs);

/// How a result is shown.
enum class ResultKind {
  kText,
  kNumber,
  kStep,
  kError,  ///< relative, with a verdict
  kRatio,  ///< of predicted to measured, with a verdict
  kSeconds,
  kBytes
};

struct ComparedResult {
  std::string label;  ///< for readers
  ResultKind kind;
  ComparedValue value;
};

/// The key results that any of the runs has.
std::vector<ComparedResult> compare_results(const std::vector<ComparedRun>& runs);

nlohmann::json comparison_json(const std::vector<ComparedRun>& runs,
                               const ComparedSettings& settings,
                               const std::vector<ComparedResult>& results);

}  // namespace thalweg::report
