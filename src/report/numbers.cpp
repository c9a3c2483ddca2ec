#include "thalweg/report/numbers.hpp"

#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/core.h>

namespace thalweg::report {
namespace {

constexpr std::string_view kMinus = "−";

std::string superscript(int exponent) {
  constexpr std::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "⁻" : "";
  for (const char c : std::to_string(std::abs(exponent))) out += kDigits[c - '0'];
  return out;
}

std::string grouped(std::string digits) {
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string scientific(double magnitude, int digits) {
  const std::string text = fmt::format("{:.{}e}", magnitude, digits - 1);
  const std::size_t split = text.find('e');
  const int exponent = std::atoi(text.c_str() + split + 1);
  return fmt::format("{} × {}", text.substr(0, split), power_of_ten_text(exponent));
}

std::string magnitude_text(double magnitude, int digits) {
  if (magnitude == 0) return "0";
  if (magnitude < 1e-3 || magnitude >= 1e6) return scientific(magnitude, digits);
  const bool whole = magnitude == std::floor(magnitude);
  const bool all_digits_whole = magnitude >= std::pow(10, digits) - 0.5;
  if (whole || all_digits_whole) return grouped(fmt::format("{:.0f}", magnitude));
  return fmt::format("{:.{}g}", magnitude, digits);
}

}  // namespace

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "n/a";
  const std::string size = std::isinf(value) ? "∞" : magnitude_text(std::abs(value), digits);
  return fmt::format("{}{}", value < 0 ? kMinus : "", size);
}

std::string strong(double value, int digits) { return "**" + number_text(value, digits) + "**"; }

std::string power_of_ten_text(int exponent) { return fmt::format("10{}", superscript(exponent)); }

std::string percent_text(double fraction) {
  if (std::isnan(fraction)) return "n/a";
  const double percent = 100 * std::abs(fraction);
  const std::string sign(fraction < 0 ? kMinus : "");
  if (percent == 0) return "0%";
  if (percent < 0.1) return "below 0.1%";
  if (percent > 1000) return "over 1000%";
  return fmt::format("{}{:.{}f}%", fraction < 0 ? kMinus : "", percent, percent < 10 ? 1 : 0);
}

std::string count_text(std::int64_t count) {
  const std::string digits = std::to_string(count);
  return count < 0 ? fmt::format("{}{}", kMinus, grouped(digits.substr(1))) : grouped(digits);
}

std::string count_text(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string joined_list(const std::vector<std::string>& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
    out += items[i];
  }
  return out;
}

std::string joined_sentences(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) {
    if (sentence.empty()) continue;
    if (!out.empty()) out += ' ';
    out += sentence;
  }
  return out;
}

double chart_precision(double value) {
  return std::isfinite(value) ? std::strtod(fmt::format("{:.7g}", value).c_str(), nullptr) : value;
}

}  // namespace thalweg::report
