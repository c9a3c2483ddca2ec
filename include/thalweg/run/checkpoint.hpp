#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "thalweg/base/npz.hpp"

namespace thalweg::run {

/// All state of a run before step `step`, as named arrays: a NumPy archive, so that users can read it too.
struct Checkpoint {
  std::int64_t step = 0;
  NamedArrays arrays;
};

/// Writes `folder`/step-000000120.npz whole or not at all, then removes older ones but the newest `keep`.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, int keep = 2);

/// The newest checkpoint that reads without error; damaged ones are passed over with a warning in the log.
std::optional<Checkpoint> load_latest_checkpoint(const std::filesystem::path& folder);

}  // namespace thalweg::run
