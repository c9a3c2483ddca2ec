#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace thalweg {

/// Processors that the control groups of a process allow (quota over period; the smallest of the
/// group and its ancestors), or nothing if none sets a limit.
/// @param root        where the hierarchies are mounted, normally /sys/fs/cgroup
/// @param membership  text of /proc/self/cgroup; versions 1 and 2 are understood
std::optional<double> cgroup_processors(const std::filesystem::path& root,
                                        std::string_view membership);

}  // namespace thalweg
