#pragma once

#include <string>
#include <vector>

namespace thalweg::run {

/// One line of a CSV file by RFC 4180: fields with quotes where a comma, a quote or a line end asks
/// for them, commas between them, a line end after them.
std::string csv_line(const std::vector<std::string>& fields);

/// The same names, later ones of equal names with a number: "x", "x_2".
std::vector<std::string> distinct_names(std::vector<std::string> names);

}  // namespace thalweg::run
