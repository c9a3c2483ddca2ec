#pragma once

#include <string_view>

namespace thalweg::report {

extern const std::string_view kPageCss;  ///< page.css, embedded by the build
extern const std::string_view kPageJs;   ///< page.js, embedded by the build

}  // namespace thalweg::report
