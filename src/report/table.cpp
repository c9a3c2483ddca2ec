#include "thalweg/report/table.hpp"

#include <algorithm>

#include "thalweg/report/html.hpp"

namespace thalweg::report {
namespace {

using Line = std::vector<std::string>;

/// Columns of a terminal: one a character, which is a byte that continues no other in UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::vector<Line> plain_lines(const Table& table) {
  std::vector<Line> lines = {table.head};
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (const Cell& cell : row) lines.back().push_back(plain_text(cell.text));
  }
  return lines;
}

std::vector<std::size_t> widths_of(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths;
  for (const Line& line : lines) {
    widths.resize(std::max(widths.size(), line.size()), 0);
    for (std::size_t c = 0; c < line.size(); ++c)
      widths[c] = std::max(widths[c], width_of(line[c]));
  }
  return widths;
}

}  // namespace

std::vector<std::string> text_lines(const Table& table) {
  const auto lines = plain_lines(table);
  const auto widths = widths_of(lines);
  std::vector<std::string> out;
  for (const Line& line : lines) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string blanks(widths[c] - width_of(line[c]), ' ');
      if (c > 0) text += "  ";
      text += c < table.text_columns ? line[c] + blanks : blanks + line[c];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace thalweg::report
