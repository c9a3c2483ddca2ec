#pragma once

#include <filesystem>

namespace thalweg::nn {

/// Checks that a file is a whole TorchScript archive: its ZIP directory, the members a module
/// needs, and every member's CRC. Runs nothing of it.
/// @throws BadInput
void check_torchscript_archive(const std::filesystem::path& file);

}  // namespace thalweg::nn
