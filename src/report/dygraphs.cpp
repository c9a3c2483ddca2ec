#include "report/dygraphs.hpp"

#include <cstdlib>
#include <system_error>

#include "thalweg/base/files.hpp"

namespace thalweg::report {

std::filesystem::path dygraphs_path() {
  const char* named = std::getenv("THALWEG_DYGRAPHS");
  return named != nullptr ? named : "/usr/share/javascript/dygraphs/dygraph.min.js";
}

std::string dygraphs_source() {
  std::error_code ignored;
  const std::filesystem::path file = dygraphs_path();
  return std::filesystem::is_regular_file(file, ignored) ? read_file(file) : std::string();
}

}  // namespace thalweg::report
