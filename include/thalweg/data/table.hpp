#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace thalweg::data {

/// Columns of numbers, as a spreadsheet or another program wrote them.
struct Table {
  std::string name;                          ///< of the file, for messages
  std::vector<std::string> names;            ///< of the columns
  std::vector<std::vector<double>> columns;  ///< columns[j][i]: column j, row i

  std::int64_t rows() const {
    return columns.empty() ? 0 : static_cast<std::int64_t>(columns.front().size());
  }
  /// @throws BadInput  with the nearest name
  const std::vector<double>& column(const std::string& wanted) const;
};

/// Reads a CSV file: a line of names, then one row a line.
///
/// The separator is the comma, semicolon or tab that the first line has most of. Fields may be
/// quoted ("..." with "" for a quote inside, line breaks too); line ends are LF or CRLF, a byte
/// order mark and blank lines are passed over. With a semicolon or tab, decimals may be written
/// with a comma.
///
/// @param wanted  the columns to read, in this order; empty: all. Others may hold anything.
/// @throws BadInput  FILE:LINE and the column: a missing or empty file, a name that is not there or
/// there twice, a row of another length, an open quote, a field that is empty or no finite number
Table read_table(const std::filesystem::path& file, std::span<const std::string> wanted = {});

}  // namespace thalweg::data
