#include "thalweg/report/headline.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "report/headlines.hpp"
#include "report/run_data.hpp"
#include "thalweg/report/html.hpp"

namespace thalweg::report {
namespace {

Headline of_command(const Facts& facts) {
  const std::string command = facts.text("command");
  if (command == "exponent") return exponent_headline(facts);
  if (command == "flow") return flow_headline(facts);
  if (command == "recover") return recover_headline(facts);
  if (command == "spectrum") return spectrum_headline(facts);
  if (command == "tensorpca") return tensorpca_headline(facts);
  return {};
}

}  // namespace

Headline headline(const nlohmann::json& summary) {
  const Facts facts(summary);
  Headline found = of_command(facts);
  std::erase(found.lines, "");
  found.warnings = facts.texts("results.warnings");
  found.suggestions = facts.texts("results.suggestions");
  return found;
}

std::vector<std::string> terminal_lines(const Headline& headline) {
  std::vector<std::string> lines;
  for (const std::string& line : headline.lines) lines.push_back(plain_text(line));
  if (headline.table.rows.empty()) return lines;
  const auto rows = text_lines(headline.table);
  lines.insert(lines.end(), rows.begin(), rows.end());
  return lines;
}

}  // namespace thalweg::report
