#include "help.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

#include "setting_text.hpp"
#include <fmt/format.h>

#include "thalweg/base/text.hpp"

namespace thalweg::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kHelpColumn = 30;

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (const auto& word : split(text, ' ')) {
    const bool fits = !lines.empty() && lines.back().size() + 1 + word.size() <= width;
    if (fits) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

std::string paragraph(std::string_view text, std::size_t indent) {
  std::string result;
  for (const auto& line : wrapped(text, kWidth - indent)) {
    result += fmt::format("{:{}}{}\n", "", indent, line);
  }
  return result;
}

/// A term on the left, its explanation in a column on the right.
std::string entry(const std::string& term, std::string_view explanation) {
  std::string result = "  " + term;
  if (result.size() + 2 > kHelpColumn) result += "\n";
  std::size_t column = result.ends_with('\n') ? 0 : result.size();
  for (const auto& line : wrapped(explanation, kWidth - kHelpColumn)) {
    result += fmt::format("{:{}}{}\n", "", kHelpColumn - column, line);
    column = 0;
  }
  return result;
}

std::string usage_line(const Command& command) {
  std::string line = "Usage: thalweg " + command.name;
  if (const auto operand = operand_text(command); !operand.empty()) line += " " + operand;
  return line + " [OPTIONS]\n";
}

std::string settings_text(const Command& command) {
  std::string result;
  std::string group;
  for (const auto& setting : command.settings.all()) {
    if (setting.group != group) {
      group = setting.group;
      result += "\n" + group + ":\n";
    }
    const bool by_place = setting.name == command.operand;
    result += entry(by_place ? operand_text(command) : usage_text(setting), full_help(setting));
  }
  return result;
}

std::string sources_text(const Command& command) {
  if (command.sources.empty()) return {};
  std::string result = "\nSources:\n";
  for (const auto& source : command.sources) result += paragraph(source, 2);
  return result;
}

}  // namespace

std::string operand_text(const Command& command) {
  const auto* operand = command.settings.find(command.operand);
  if (operand == nullptr) return {};
  const auto text = metavar(*operand) + (is_list(*operand) ? "..." : "");
  return command.operand_optional ? "[" + text + "]" : text;
}

std::string overview_text(std::span<const Command> commands) {
  std::string result =
      "thalweg: where is an optimizer going, and why?\n\nUsage: thalweg COMMAND [OPTIONS]\n";
  std::string group;
  for (const auto& command : commands) {
    if (command.group != group) {
      group = command.group;
      result += "\n" + group + ":\n";
    }
    result += fmt::format("  {:<14}{}\n", command.name, command.summary);
  }
  return result + "\n'thalweg COMMAND --help' shows what a command takes, with an example.\n";
}

std::string help_text(const Command& command) {
  return fmt::format("thalweg {}: {}\n\n{}\n{}\nExample:\n  {}\n{}\n  {:<28}{}\n{}",
                     command.name,
                     command.summary,
                     usage_line(command),
                     paragraph(command.description, 0),
                     command.example,
                     settings_text(command),
                     "-h, --help",
                     "show this text",
                     sources_text(command));
}

}  // namespace thalweg::app
