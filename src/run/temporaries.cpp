#include "run/temporaries.hpp"

#include <system_error>
#include <vector>

namespace thalweg::run {

namespace fs = std::filesystem;

std::optional<std::string> target_of_temporary(std::string_view name) {
  const std::size_t mark = name.rfind(".tmp-");
  if (!name.starts_with('.') || mark == std::string_view::npos || mark == 0) return {};
  return std::string(name.substr(1, mark - 1));
}

void remove_temporaries(const fs::path& folder,
                        const std::function<bool(const std::string& target)>& of) {
  std::vector<fs::path> found;
  std::error_code ignored;  // what cannot be tidied does no harm
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto target = target_of_temporary(entry.path().filename().string());
    if (target && of(*target)) found.push_back(entry.path());
  }
  for (const fs::path& file : found) fs::remove(file, ignored);
}

}  // namespace thalweg::run
