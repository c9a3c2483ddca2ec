#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thalweg::report {

/// A number as a reader wants it: "0.0336", "853,508", "1.2 × 10⁻⁵", "−3"; "n/a" for NaN, "∞" for
/// infinity.
/// @param digits  significant digits, 1 to 15; integers are written whole below a million
std::string number_text(double value, int digits = 3);

/// The same in bold, as rich text.
std::string strong(double value, int digits = 3);

/// "10⁻⁵".
std::string power_of_ten_text(int exponent);

/// A fraction in per cent: 0.083 is "8.3%", 0.0004 is "below 0.1%".
std::string percent_text(double fraction);

/// "853,508", with `noun` in the plural it needs: count_text(1, "step") is "1 step".
std::string count_text(std::int64_t count);
std::string count_text(std::int64_t count, const std::string& noun);

/// "a", "a and b", "a, b and c".
std::string joined_list(const std::vector<std::string>& items);

/// Sentences with blanks between them, the empty ones left out.
std::string joined_sentences(const std::vector<std::string>& sentences);

/// The value rounded to seven significant digits, which is what a chart can show at any zoom.
double chart_precision(double value);

}  // namespace thalweg::report
