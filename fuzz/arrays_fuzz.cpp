// The input is cut into two .npy files, which become the members x and y of an archive whose
// checksums are right: past them lie the parser of the .npy header and the checks of the values.
// npz_fuzz attacks the archive itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <zlib.h>

#include "data/arrays.hpp"
#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"

namespace {

using Bytes = std::span<const std::uint8_t>;

std::string little_endian(std::size_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

/// A ZIP archive of stored members (PKWARE APPNOTE 4.3).
class StoredArchive {
 public:
  void add(std::string_view name, Bytes content) {
    const auto crc = crc32(0, content.data(), static_cast<unsigned>(content.size()));
    // Flags, method, time and date are 0; then what both headers share.
    const std::string common = little_endian(20, 2) + std::string(8, '\0') + little_endian(crc, 4) +
                               little_endian(content.size(), 4) + little_endian(content.size(), 4) +
                               little_endian(name.size(), 2) + little_endian(0, 2);
    directory_ += "PK\1\2" + little_endian(20, 2) + common + std::string(10, '\0') +
                  little_endian(members_.size(), 4) + std::string(name);
    members_ += "PK\3\4" + common + std::string(name);
    members_.append(content.begin(), content.end());
    ++count_;
  }

  std::string bytes() const {
    return members_ + directory_ + "PK\5\6" + little_endian(0, 4) + little_endian(count_, 2) +
           little_endian(count_, 2) + little_endian(directory_.size(), 4) +
           little_endian(members_.size(), 4) + little_endian(0, 2);
  }

 private:
  std::string members_;
  std::string directory_;
  std::size_t count_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  thalweg::set_log_quiet(true);
  const Bytes content(bytes + 2, size - 2);
  const std::size_t cut = std::min<std::size_t>(bytes[0] + 256U * bytes[1], content.size());
  StoredArchive archive;
  archive.add("x.npy", content.first(cut));
  archive.add("y.npy", content.subspan(cut));
  const std::string whole = archive.bytes();
  const thalweg::fuzz::InputFile file(
      {reinterpret_cast<const std::uint8_t*>(whole.data()), whole.size()});
  try {
    thalweg::data::read_arrays(file.path());
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
