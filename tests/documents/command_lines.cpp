#include "documents/command_lines.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProgram = "thalweg ", kWrapper = "./thalweg ";

std::string without_indent(const std::string& line) {
  const auto first = line.find_first_not_of(" \t");
  return first == std::string::npos ? "" : line.substr(first);
}

/// An indented block of Markdown is four blanks deep.
bool is_indented(const std::string& line) {
  return line.starts_with("    ") || line.starts_with("\t");
}

bool is_fence(const std::string& line) { return without_indent(line).starts_with("```"); }

std::string as_typed(const std::string& line) {
  const std::string text = without_indent(line);
  return text.starts_with(kWrapper) ? text.substr(2) : text;
}

}  // namespace

std::vector<CommandLine> command_lines(const std::string& markdown) {
  std::vector<CommandLine> found;
  std::istringstream lines(markdown);
  bool fenced = false, continues = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (is_fence(line)) fenced = !fenced;
    if (continues) {
      found.back().text += " " + without_indent(line);
    } else if ((fenced || is_indented(line)) && as_typed(line).starts_with(kProgram)) {
      found.push_back({number, as_typed(line)});
    } else {
      continue;
    }
    continues = found.back().text.ends_with('\\');
    if (continues) found.back().text.pop_back();
  }
  return found;
}

std::vector<fs::path> documents(const fs::path& project) {
  std::vector<fs::path> found = {project / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(project / "docs"))
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

}  // namespace thalweg::testing
