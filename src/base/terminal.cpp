#include "base/terminal.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

namespace thalweg::terminal {
namespace {

constexpr std::string_view kClear = "\r\033[K";

struct Screen {
  std::mutex mutex;
  std::string line;  // what is drawn now, "" if nothing
};

Screen& screen() {
  static Screen instance;
  return instance;
}

// One write a message, so that messages of several processes do not mix within a line.
void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// The beginning of `text` that fits in `width` columns, one column a UTF-8 character. A line that
// wrapped could not be cleared.
std::string_view cut(std::string_view text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts_character && ++characters > width) {
      return text.substr(0, i);
    }
  }
  return text;
}

}  // namespace

bool is_interactive() {
  const char* const kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

void print(std::string_view message) {
  Screen& s = screen();
  const std::lock_guard lock(s.mutex);
  std::string text;
  if (!s.line.empty()) {
    text += kClear;
  }
  text += message;
  text += '\n';
  text += s.line;
  write(text);
}

void draw(std::string_view line) {
  Screen& s = screen();
  const std::lock_guard lock(s.mutex);
  s.line = cut(line, columns() - 1);
  write(std::string(kClear) + s.line);
}

void keep_line() {
  Screen& s = screen();
  const std::lock_guard lock(s.mutex);
  if (!s.line.empty()) {
    s.line.clear();
    write("\n");
  }
}

}  // namespace thalweg::terminal
