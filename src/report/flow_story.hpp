#pragma once

#include <string>
#include <vector>

#include "report/run_data.hpp"

namespace thalweg::report {

/// What happened in a run of `thalweg flow`, in sentences made from its numbers (rich text, one
/// paragraph each).
std::vector<std::string> flow_story(const RunData& run);

}  // namespace thalweg::report
