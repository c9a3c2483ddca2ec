#include "thalweg/run/csv.hpp"

#include <set>

#include <fmt/format.h>

namespace thalweg::run {
namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += csv_field(fields[i]);
  }
  return line + "\r\n";
}

std::vector<std::string> distinct_names(std::vector<std::string> names) {
  const std::set<std::string> all(names.begin(), names.end());
  std::set<std::string> taken;
  for (std::string& name : names) {
    const std::string base = name;
    for (int number = 2; taken.contains(name) || (name != base && all.contains(name)); ++number)
      name = fmt::format("{}_{}", base, number);
    taken.insert(name);
  }
  return names;
}

}  // namespace thalweg::run
