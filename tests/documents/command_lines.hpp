#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thalweg::testing {

/// A command line of a document.
struct CommandLine {
  int line;          ///< of the document, from 1 on
  std::string text;  ///< as a reader would type it; continued lines are one
};

/// The lines of code blocks, indented or fenced, that begin with `thalweg ` or `./thalweg `, in a
/// Markdown text. The latter are given as the former: building first is not their subject.
std::vector<CommandLine> command_lines(const std::string& markdown);

/// The README and everything in docs/, by their paths.
std::vector<std::filesystem::path> documents(const std::filesystem::path& project);

}  // namespace thalweg::testing
