#pragma once

#include <span>
#include <string>
#include <vector>

namespace thalweg {

/// A .npy file built by hand from the text of its header, padded as NumPy does.
inline std::string npy_bytes(const std::string& dictionary,
                             const std::string& content,
                             char major = 1) {
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  std::string header = dictionary;
  header.append(63 - (8 + length_bytes + header.size()) % 64, ' ');
  header += '\n';
  std::string out = "\x93NUMPY";
  out += major;
  out += '\0';
  for (std::size_t i = 0; i < length_bytes; ++i) {
    out += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  }
  return out + header + content;
}

/// The bytes of the values, as they lie in memory.
template <typename T>
std::string raw(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace thalweg
