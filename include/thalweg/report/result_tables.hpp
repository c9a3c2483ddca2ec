#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace thalweg::report {

/// A table of results with full digits, for other programs.
struct ResultTable {
  std::string name;                            ///< "samples_needed": of its file, without ".csv"
  std::vector<std::string> head;               ///< distinct names of columns
  std::vector<std::vector<std::string>> rows;  ///< as many fields as columns; null is empty
};

/// The tables in the results of a run, by the shape of its summary.json: a race as rows by method,
/// dimension and size; elsewhere what lies there as an array of records, a record of records, or
/// arrays of one length.
std::vector<ResultTable> result_tables(const nlohmann::json& summary);

/// Writes each as NAME.csv into `folder`, which is made if need be. Returns the files.
/// @throws RunFailed  if they cannot be written
std::vector<std::filesystem::path> export_tables(const std::vector<ResultTable>& tables,
                                                 const std::filesystem::path& folder);

}  // namespace thalweg::report
