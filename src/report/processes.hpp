#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

/// A process that `thalweg flow` follows, as every chart and table shows it.
struct Process {
  std::string_view path;  ///< in metrics.h5 and summary.json
  std::string_view name;  ///< for readers
  Ink ink;
  Stroke stroke;
};

inline constexpr Process kDiscrete = {"discrete", "run", Ink::kDiscrete, Stroke::kSolid};
inline constexpr Process kMidpoint = {
    "midpoint", "midpoint of the run", Ink::kMidpoint, Stroke::kSolid};
inline constexpr Process kStable = {"stable", "stable flow", Ink::kStable, Stroke::kDashed};
inline constexpr Process kCentral = {"central", "central flow", Ink::kCentral, Stroke::kSolid};

/// Drawn in this order: what oscillates lies below what does not.
inline constexpr std::array<Process, 4> kProcesses = {kDiscrete, kMidpoint, kStable, kCentral};

/// The name for readers of a process by its path; a path that is none is its own name.
inline std::string process_name(std::string_view path) {
  const auto* found = std::find_if(
      kProcesses.begin(), kProcesses.end(), [&](const Process& p) { return p.path == path; });
  return std::string(found == kProcesses.end() ? path : found->name);
}

}  // namespace thalweg::report
