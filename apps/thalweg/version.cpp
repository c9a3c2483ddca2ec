#include "version.hpp"

#include "library_versions.hpp"
#include <fmt/format.h>

namespace thalweg::app {

std::string version() { return THALWEG_VERSION; }

std::string version_text() {
  std::string text = fmt::format("thalweg {}\n", version());
  for (const auto& library : kLibraryVersions) {
    text += fmt::format("  {:<14}{}\n", library.name, library.version);
  }
  return text;
}

}  // namespace thalweg::app
