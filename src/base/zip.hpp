#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "base/file_io.hpp"

namespace thalweg {

/// The part of the ZIP format that NumPy archives use: one volume, members stored or deflated,
/// ZIP64. Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.

/// A member as the central directory describes it.
struct ZipMember {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t compressed_size = 0;
  std::uint64_t size = 0;
  std::uint64_t header_offset = 0;
};

/// The directory of an archive, checked: every member lies inside the file, and no member claims
/// more bytes than its compressed form can hold.
class ZipReader {
 public:
  /// @throws BadInput  if the file is no archive, damaged, encrypted or compressed otherwise
  explicit ZipReader(const std::filesystem::path& file);
  const InputFile& file() const { return file_; }
  const std::vector<ZipMember>& members() const { return members_; }
  /// Where the data of a member begin; its local header is checked on the way.
  std::uint64_t data_offset(const ZipMember& member) const;

 private:
  InputFile file_;
  std::uint64_t directory_offset_ = 0;
  std::vector<ZipMember> members_;
};

/// The uncompressed bytes of one member, read from front to back.
class ZipStream {
 public:
  ZipStream(const ZipReader& archive, const ZipMember& member);
  ~ZipStream();
  ZipStream(const ZipStream&) = delete;
  ZipStream& operator=(const ZipStream&) = delete;

  /// Fills `out` with the next bytes. @throws BadInput if the data are damaged or end too early
  void read(std::span<std::byte> out);
  /// Checks that nothing is left and that the CRC is the directory's. @throws BadInput
  void finish();

 private:
  void read_stored(std::span<std::byte> out);
  void inflate_some(std::span<std::byte> out);
  void refill();
  [[noreturn]] void fail(std::string_view what) const;

  const InputFile& file_;
  const ZipMember& member_;
  std::uint64_t offset_;           // of the next compressed byte in the file
  std::uint64_t compressed_left_;  // bytes of the member not yet taken from the file
  std::uint64_t left_;             // uncompressed bytes not yet handed out
  uLong crc_;
  z_stream inflater_{};
  std::array<std::byte, 1 << 16> buffer_{};
};

/// Writes an archive of stored members.
class ZipWriter {
 public:
  /// @param zip64_from  sizes and offsets from here on get ZIP64 records; tests lower it
  explicit ZipWriter(OutputFile& output, std::uint64_t zip64_from = 0xFFFFFFFFU)
      : output_(output), zip64_from_(zip64_from) {}
  /// Adds a member whose content is `head` followed by `body`.
  void add(std::string_view name, std::span<const std::byte> head, std::span<const std::byte> body);
  /// Writes the directory.
  void finish();

 private:
  OutputFile& output_;
  std::uint64_t zip64_from_;
  std::vector<ZipMember> members_;
};

}  // namespace thalweg
