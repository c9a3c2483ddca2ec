#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "thalweg/index/leap.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::app {

/// `leaps` of the results: each with its directions as combinations of the coordinates `names`.
/// @param bases  one a leap: (names, directions)
nlohmann::json leap_list(const index::Leaps& leaps,
                         const std::vector<Matrix>& bases,
                         const std::vector<std::string>& names);

}  // namespace thalweg::app
