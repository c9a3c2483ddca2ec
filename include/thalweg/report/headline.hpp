#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "thalweg/report/table.hpp"

namespace thalweg::report {

/// What came of a run in a few sentences: the first ones of its page, and what a terminal shows.
struct Headline {
  std::string key = {};                 ///< a phrase for a list of runs, plain text
  std::vector<std::string> lines = {};  ///< rich text (see rich_text), a line or paragraph each
  Table table = {};                     ///< without rows where the lines say it all
  std::vector<std::string> warnings = {}, suggestions = {};  ///< of `results`, rich text
};

/// The headline of a run of any command and age, from its summary.json; what the summary lacks is
/// left out.
Headline headline(const nlohmann::json& summary);

/// The lines and the table as plain text, a line each, without warnings and suggestions.
std::vector<std::string> terminal_lines(const Headline& headline);

}  // namespace thalweg::report
