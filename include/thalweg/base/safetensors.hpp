#pragma once

#include <filesystem>

#include "thalweg/base/npz.hpp"

namespace thalweg {

/// Reads every tensor of a safetensors file (an 8-byte length, a JSON header, the data), as
/// PyTorch and Hugging Face write them. float16 and bfloat16 become float32, uint16 and wider
/// unsigned integers are refused.
///
/// @throws BadInput  not a safetensors file, or a header that does not fit the data: the file, the
/// tensor and the reason. Nothing is allocated that the file's size does not back.
/// Cost: one read of the file. Source: the format's description, huggingface/safetensors.
NamedArrays read_safetensors(const std::filesystem::path& file);

}  // namespace thalweg
