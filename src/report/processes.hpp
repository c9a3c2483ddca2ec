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
  Stroke among_runs;  ///< where the ink says which run it is
};

inline constexpr Process kDiscrete = {
    "discrete", "run", Ink::kDiscrete, Stroke::kSolid, Stroke::kSolid};
inline constexpr Process kMidpoint = {
    "midpoint", "midpoint of the run", Ink::kMidpoint, Stroke::kSolid, Stroke::kSolid};
inline constexpr Process kStable = {
    "stable", "stable flow", Ink::kStable, Stroke::kDashed, Stroke::kDotted};
inline constexpr Process kAblated = {
    "ablated", "ablated flow", Ink::kAblated, Stroke::kDashDotDotted, Stroke::kDashDotDotted};
inline constexpr Process kStationary = {
    "stationary", "stationary flow", Ink::kStationary, Stroke::kLongDashed, Stroke::kLongDashed};
inline constexpr Process kRod = {
    "rod", "rod flow", Ink::kRod, Stroke::kDashDotted, Stroke::kDashDotted};
inline constexpr Process kCentral = {
    "central", "central flow", Ink::kCentral, Stroke::kSolid, Stroke::kDashed};

/// Drawn in this order: what oscillates lies below what does not.
inline constexpr std::array<Process, 7> kProcesses = {
    kDiscrete, kMidpoint, kStable, kAblated, kStationary, kRod, kCentral};

/// The process of a path, null for a path that is none.
inline const Process* find_process(std::string_view path) {
  const auto* found = std::find_if(
      kProcesses.begin(), kProcesses.end(), [&](const Process& p) { return p.path == path; });
  return found == kProcesses.end() ? nullptr : found;
}

/// The name for readers of a process by its path; a path that is none is its own name.
inline std::string process_name(std::string_view path) {
  const Process* found = find_process(path);
  return std::string(found == nullptr ? path : found->name);
}

}  // namespace thalweg::report
