#include "thalweg/run/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "run/temporaries.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".npz";
constexpr std::string_view kStepName = "checkpoint.step";

struct CheckpointFile {
  std::int64_t step = 0;
  fs::path path;
};

/// 120 for "step-000000120.npz"; nothing for other names.
std::optional<std::int64_t> step_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return {};
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc() || end != name.data() + name.size() || step < 0) return {};
  return step;
}

/// Newest first.
std::vector<CheckpointFile> checkpoints_in(const fs::path& folder) {
  std::vector<CheckpointFile> found;
  std::error_code ignored;  // no folder, no checkpoints
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (const auto step = step_of(entry.path().filename().string())) {
      found.push_back({*step, entry.path()});
    }
  }
  std::sort(
      found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step > b.step; });
  return found;
}

void prune(const fs::path& folder, std::int64_t written, int keep) {
  int kept = 0;
  for (const CheckpointFile& file : checkpoints_in(folder)) {
    // Later steps are damaged, or of a past that this run went back behind.
    const bool later = file.step > written;
    std::error_code ignored;  // a checkpoint that stays does no harm
    if (later || ++kept > keep) fs::remove(file.path, ignored);
  }
}

Checkpoint read_checkpoint(const CheckpointFile& file) {
  Checkpoint checkpoint{file.step, read_npz(file.path)};
  const auto step = checkpoint.arrays.find(kStepName);
  const bool valid = step != checkpoint.arrays.end() && step->second.dtype() == DType::kInt64 &&
                     step->second.size() == 1 && step->second.item<std::int64_t>() == file.step;
  if (!valid) {
    throw BadInput(
        file.path.string(),
        fmt::format("its array '{}' must hold {}, the step in its name.", kStepName, file.step));
  }
  checkpoint.arrays.erase(step);
  return checkpoint;
}

}  // namespace

void save_checkpoint(const fs::path& folder, Checkpoint checkpoint, int keep) {
  if (checkpoint.step < 0 || keep < 1) {
    throw InvalidArgument(
        "run::save_checkpoint",
        fmt::format("step must be >= 0 and keep >= 1; got {} and {}.", checkpoint.step, keep));
  }
  const auto step = NdArray::scalar<std::int64_t>(checkpoint.step);
  if (!checkpoint.arrays.emplace(kStepName, step).second) {
    throw InvalidArgument("run::save_checkpoint",
                          fmt::format("the name '{}' is reserved.", kStepName));
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw RunFailed(folder.string(),
                    fmt::format("the folder cannot be created ({}).", error.message()));
  }
  remove_temporaries(folder, [](const std::string& target) { return step_of(target).has_value(); });
  write_npz(folder / fmt::format("{}{:09}{}", kPrefix, checkpoint.step, kSuffix),
            checkpoint.arrays);
  prune(folder, checkpoint.step, keep);
}

std::optional<Checkpoint> load_latest_checkpoint(const fs::path& folder) {
  for (const CheckpointFile& file : checkpoints_in(folder)) {
    try {
      return read_checkpoint(file);
    } catch (const BadInput& error) {
      log_warning(fmt::format("{} It is passed over.", error.what()));
    }
  }
  return {};
}

}  // namespace thalweg::run
