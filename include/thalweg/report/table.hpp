#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::report {

enum class Tone { kPlain, kGood, kFair, kPoor };

struct Cell {
  // Rows are lists of plain text. NOLINTNEXTLINE(google-explicit-constructor)
  Cell(std::string content, Tone shade = Tone::kPlain) : text(std::move(content)), tone(shade) {}
  Cell(const char* content) : text(content) {}  // NOLINT(google-explicit-constructor)

  std::string text;  ///< rich text
  Tone tone = Tone::kPlain;
};

struct Table {
  std::string caption = {};
  std::vector<std::string> head = {};
  std::vector<std::vector<Cell>> rows = {};  ///< the first cell of a row is its heading
  std::size_t text_columns = 1;              ///< columns after these are numbers, set flush right
};

/// The table for a terminal, a line per row: columns aligned, rich text without its marks.
std::vector<std::string> text_lines(const Table& table);

}  // namespace thalweg::report
