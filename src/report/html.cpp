#include "thalweg/report/html.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace thalweg::report {
namespace {

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Turns every `mark`...`mark` pair into `begin`...`end`; a last mark without a partner stays.
std::string with_pairs(std::string_view text,
                       std::string_view mark,
                       std::string_view begin,
                       std::string_view end) {
  std::string out;
  std::size_t done = 0;
  while (true) {
    const std::size_t open = text.find(mark, done);
    const std::size_t close =
        open == std::string_view::npos ? open : text.find(mark, open + mark.size());
    if (close == std::string_view::npos) return out.append(text.substr(done));
    const std::size_t inside = open + mark.size();
    out.append(text.substr(done, open - done));
    out.append(begin).append(text.substr(inside, close - inside)).append(end);
    done = close + mark.size();
  }
}

bool needs_no_quotes(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_-./=:,+@%").find(c) != std::string_view::npos;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const std::string_view replacement = entity(c);
    if (replacement.empty()) {
      out.push_back(c);
    } else {
      out.append(replacement);
    }
  }
  return out;
}

std::string rich_text(std::string_view text) {
  const std::string with_code = with_pairs(escape_html(text), "`", "<code>", "</code>");
  return with_pairs(with_code, "**", "<strong>", "</strong>");
}

std::string plain_text(std::string_view text) {
  return with_pairs(with_pairs(text, "`", "", ""), "**", "", "");
}

std::string script_json(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  replace_all(text, "<", "\\u003c");
  return text;
}

std::string inline_script(std::string_view source) {
  std::string text(source);
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = std::string_view(text).substr(at + 1, 7);
    const bool closes =
        rest.size() == 7 && std::equal(rest.begin(), rest.end(), "/script", [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) == b;
        });
    if (closes || rest.substr(0, 3) == "!--") text.insert(at + 1, 1, '\\');
  }
  return text;
}

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), needs_no_quotes)) {
    return std::string(text);
  }
  std::string quoted(text);
  replace_all(quoted, "'", "'\\''");
  return fmt::format("'{}'", quoted);
}

}  // namespace thalweg::report
