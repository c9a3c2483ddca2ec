#pragma once

#include <filesystem>
#include <string>

namespace thalweg::report {

/// Where the chart library is looked for: the environment variable THALWEG_DYGRAPHS, else Debian's
/// libjs-dygraphs.
std::filesystem::path dygraphs_path();

/// Its source, empty if there is no such file.
std::string dygraphs_source();

}  // namespace thalweg::report
