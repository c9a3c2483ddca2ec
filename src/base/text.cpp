#include "thalweg/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <system_error>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// What a typist confuses without noticing: case, and '-' with '_'.
std::string folded(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    } else if (c == '_') {
      c = '-';
    }
  }
  return result;
}

// Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and
// swaps of neighbours. Three rows of the table are enough.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

// Parses the whole of `text`; from_chars knows no leading '+'.
template <typename Number>
Number parse_number(std::string_view text, std::string_view what, std::string_view kind) {
  std::string_view digits = trimmed(text);
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') {
    digits.remove_prefix(1);
  }
  Number value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    throw InvalidArgument(std::string(what),
                          fmt::format("'{}' is too large or too small for {}.", text, kind));
  }
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw InvalidArgument(std::string(what), fmt::format("expected {}; got '{}'.", kind, text));
  }
  return value;
}

}  // namespace

std::optional<std::string> closest_match(std::string_view text,
                                         std::span<const std::string> candidates) {
  const std::string wanted = folded(text);
  const std::size_t threshold = (wanted.size() + 1) / 3;
  std::optional<std::string> best;
  std::size_t best_distance = threshold + 1;
  for (const std::string& candidate : candidates) {
    // The distance is at least the difference of the lengths.
    if (candidate.size() > wanted.size() + threshold ||
        wanted.size() > candidate.size() + threshold) {
      continue;
    }
    const std::size_t distance = edit_distance(wanted, folded(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string> candidates) {
  const auto match = closest_match(text, candidates);
  return match ? fmt::format(" Did you mean '{}'?", *match) : "";
}

std::string round_trip(double value) {
  // fmt would print the sign of a NaN, which means nothing and differs between processors.
  return std::isnan(value) ? "nan" : fmt::format("{}", value);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) {
    return parts;
  }
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string_view::npos; begin = end + 1) {
    end = text.find(separator, begin);
    parts.emplace_back(trimmed(text.substr(begin, end - begin)));
  }
  return parts;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

double parse_double(std::string_view text, std::string_view what) {
  return parse_number<double>(text, what, "a number");
}

std::int64_t parse_int(std::string_view text, std::string_view what) {
  return parse_number<std::int64_t>(text, what, "a whole number");
}

std::int64_t parse_count(std::string_view text, std::string_view what) {
  constexpr std::string_view kSuffixes = "kKMG";
  constexpr double kFactors[] = {1e3, 1e3, 1e6, 1e9};
  constexpr double kExact = 9e15;  // below 2^53 every whole double is exact
  const std::string_view number = trimmed(text);
  const std::size_t suffix =
      number.empty() ? std::string_view::npos : kSuffixes.find(number.back());
  if (suffix == std::string_view::npos || number.size() == 1) return parse_int(text, what);
  double count = parse_double(number.substr(0, number.size() - 1), what) * kFactors[suffix];
  const double whole = std::round(count);
  // 1.001k is 1000.9999999999999 in binary.
  if (std::abs(count - whole) <= 1e-9 * std::abs(whole)) count = whole;
  if (count != whole || std::abs(whole) > kExact) {
    throw InvalidArgument(std::string(what),
                          fmt::format("expected a whole number; got '{}'.", text));
  }
  return static_cast<std::int64_t>(whole);
}

bool parse_bool(std::string_view text, std::string_view what) {
  const std::string word = folded(trimmed(text));
  if (word == "true" || word == "yes" || word == "on" || word == "1") {
    return true;
  }
  if (word == "false" || word == "no" || word == "off" || word == "0") {
    return false;
  }
  throw InvalidArgument(std::string(what), fmt::format("expected true or false; got '{}'.", text));
}

}  // namespace thalweg
