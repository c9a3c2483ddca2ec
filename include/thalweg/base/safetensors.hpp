#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/base/ndarray.hpp"

namespace thalweg {

/// A safetensors file (an 8-byte length, a JSON header, the data), as PyTorch and Hugging Face
/// write them. The header is read when the file is opened, a tensor when it is asked for. Source:
/// the format's description, huggingface/safetensors.
class SafetensorsFile {
 public:
  /// @throws BadInput  not a safetensors file. Nothing is allocated that the file's size does not
  /// back.
  explicit SafetensorsFile(const std::filesystem::path& file);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;

  /// The tensors in the order of the header, then the aliases: names of tensors that
  /// `safetensors.torch.save_model` left out, because they share memory with the one that its
  /// metadata names.
  const std::vector<std::string>& names() const;
  /// A tensor by its name or alias. float16 and bfloat16 become float32.
  /// @throws BadInput  the file, the tensor and the reason: no such tensor, a place that does not
  /// fit its shape, a type that is not supported (uint16 and wider unsigned integers, 8-bit floats,
  /// complex numbers)
  NdArray read(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg
