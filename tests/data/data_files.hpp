#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "thalweg/base/error.hpp"

namespace thalweg::data {

inline std::filesystem::path write_gzip(const std::filesystem::path& file,
                                        std::string_view content) {
  const gzFile stream = gzopen(file.c_str(), "wb");
  gzwrite(stream, content.data(), static_cast<unsigned>(content.size()));
  gzclose(stream);
  return file;
}

/// An IDX file of unsigned bytes: header for `shape`, then `elements`.
inline std::string idx_bytes(const std::vector<std::uint32_t>& shape, std::string_view elements) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  for (const std::uint32_t extent : shape)
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(extent >> shift & 0xff);
  return bytes.append(elements);
}

/// `call` must throw BadInput, with every one of `words` in its message.
template <typename Call>
void expect_bad_input(Call call, const std::vector<std::string>& words) {
  try {
    call();
  } catch (const BadInput& error) {
    for (const std::string& word : words) EXPECT_THAT(error.what(), ::testing::HasSubstr(word));
    return;
  }
  ADD_FAILURE() << "no BadInput";
}

}  // namespace thalweg::data
