#pragma once

#include <string_view>

namespace thalweg::terminal {

/// Standard error, shared by messages and the one line that a Progress redraws. A message clears
/// the line, and the line is drawn again below it. Safe from several threads.

/// Whether standard error is a terminal that can redraw a line.
bool is_interactive();
/// Prints `message` and ends the line.
void print(std::string_view message);
/// Shows `line`, cut to the width of the terminal, in place of the line drawn before.
void draw(std::string_view line);
/// Leaves the drawn line on the screen and goes on below it.
void keep_line();

}  // namespace thalweg::terminal
