#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg::run {

/// The file that a temporary of write_atomically stands for, "metrics.h5" for
/// ".metrics.h5.tmp-123"; nothing for other names.
std::optional<std::string> target_of_temporary(std::string_view name);

/// Removes what a killed process left in `folder` of the files that `of` accepts. Only the run that
/// writes these files may call it: a temporary of a living process looks the same.
void remove_temporaries(const std::filesystem::path& folder,
                        const std::function<bool(const std::string& target)>& of);

}  // namespace thalweg::run
