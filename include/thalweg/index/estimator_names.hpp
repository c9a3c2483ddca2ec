#pragma once

#include <array>
#include <string_view>

namespace thalweg::index {

/// What --methods takes, classical methods first. Apart from the estimators themselves, so that the
/// program that only names them links none.
inline constexpr std::array<std::string_view, 1> kEstimatorNames = {"ols"};

}  // namespace thalweg::index
