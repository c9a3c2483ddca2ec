#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

/// The candidate nearest to `text` by edit distance, if near enough to be what was meant.
std::optional<std::string> closest_match(std::string_view text,
                                         std::span<const std::string> candidates);
/// " Did you mean 'x'?" or "" when nothing is near.
std::string did_you_mean(std::string_view text, std::span<const std::string> candidates);

/// Shortest decimal text that reads back as exactly this double; "nan", "inf", "-inf".
std::string round_trip(double value);

/// Splits at `separator`; "" gives no parts, parts are trimmed of blanks.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

/// Whole-string conversions. @throws InvalidArgument quoting `what` and the text
double parse_double(std::string_view text, std::string_view what);
std::int64_t parse_int(std::string_view text, std::string_view what);
/// A whole number that may end in k, M or G: "10k" is 10000, "1.5M" is 1500000.
std::int64_t parse_count(std::string_view text, std::string_view what);
bool parse_bool(std::string_view text, std::string_view what);  ///< true/false, yes/no, on/off, 1/0

}  // namespace thalweg
