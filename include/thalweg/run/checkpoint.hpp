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

/// Writes `folder`/step-000000120.npz whole or not at all, then removes all but the newest `keep` up to this step.
///
/// Later steps are removed too: the run went back behind them, so they are damaged or of an abandoned past. What a
/// killed process left half written is cleaned. Pass the checkpoint by std::move: large state is then not copied.
/// @throws RunFailed (full disk), the old checkpoints stay; InvalidArgument if an array is named "checkpoint.step"
void save_checkpoint(const std::filesystem::path& folder, Checkpoint checkpoint, int keep = 2);

/// The newest checkpoint that reads without error; damaged ones are passed over with a warning in the log.
std::optional<Checkpoint> load_latest_checkpoint(const std::filesystem::path& folder);

}  // namespace thalweg::run
