#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/base/ndarray.hpp"

namespace thalweg {

/// A file of named arrays, NumPy's .npz or .safetensors, as its content says and not its name.
/// Opening it reads names only; an array is read, and checked, when it is asked for, so that
/// arrays nobody wants may hold anything.
class ArrayFile {
 public:
  /// @throws BadInput  a file that cannot be opened, is damaged, or is of another kind (a file of
  /// torch.save, a TorchScript module, one .npy array, HDF5, ...): says which, and how to convert
  /// it
  explicit ArrayFile(const std::filesystem::path& file);
  ~ArrayFile();
  ArrayFile(const ArrayFile&) = delete;
  ArrayFile& operator=(const ArrayFile&) = delete;

  const std::string& name() const;  ///< of the file
  /// In the order of the file. Names under which safetensors' `save_model` knows a tensor that it
  /// stored once for several are among them.
  const std::vector<std::string>& names() const;
  bool contains(std::string_view name) const;
  /// @throws BadInput  no such array, damaged, or of a type that is not supported
  NdArray read(std::string_view name) const;

 private:
  class Format;
  class Npz;
  class Safetensors;
  static std::unique_ptr<Format> open(const std::filesystem::path& file);
  std::unique_ptr<Format> format_;
};

}  // namespace thalweg
