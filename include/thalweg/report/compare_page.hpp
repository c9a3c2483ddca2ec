#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "thalweg/run/folder.hpp"

namespace thalweg::report {

/// Several runs side by side.
struct ComparePage {
  std::string html;     ///< one self-contained page
  nlohmann::json json;  ///< `runs`, `settings` that differ and `results`, by the names of the runs
};

/// Compares runs of any commands and lengths: which settings differ, key results, and series over
/// the same steps. Runs of one name are told apart by a number: "a", "a (2)".
/// @param folders  at least one
/// @throws BadInput  a configuration, summary or metrics file that is there and cannot be read
ComparePage compare_page(const std::vector<run::RunFolder>& folders);

/// Whether the beginning of a file is that of a page that compare_page made.
bool is_compare_page(std::string_view beginning);

}  // namespace thalweg::report
