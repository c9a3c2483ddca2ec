#pragma once

#include <string>
#include <vector>

#include "report/run_data.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {

/// How far a prediction is from the measurement, as a relative error: good below 10%, fair below
/// 30%, poor above.
struct Verdict {
  std::string word;
  Tone tone;
};
Verdict verdict(double relative_error);

/// What happened in a run of `thalweg flow`, in sentences made from its numbers (rich text, one
/// paragraph each).
std::vector<std::string> flow_story(const RunData& run);

/// A relative rise of a recorded loss that may be rounding (float32, sums over many examples) and
/// does not count.
inline constexpr double kLossRounding = 1e-5;

/// Steps at which a series rose by more than `kLossRounding` of its value.
std::int64_t count_rises(const std::vector<double>& values);

}  // namespace thalweg::report
