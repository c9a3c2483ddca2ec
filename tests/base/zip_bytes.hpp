#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

namespace thalweg {

/// One member of an archive built by hand, honest unless a field says otherwise.
struct HandMember {
  std::string name;
  std::string content;
  bool deflate = false;
  std::uint16_t flags = 0;
  std::optional<std::uint16_t> claimed_method = std::nullopt;
  std::optional<std::uint32_t> claimed_size = std::nullopt;
};

inline std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline void put_little(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out += static_cast<char>(value & 0xFF);
    value >>= 8;
  }
}

/// The bytes of a ZIP archive, independent of the library's own writer.
inline std::string zip_bytes(const std::vector<HandMember>& members) {
  std::string out;
  std::string directory;
  for (const HandMember& member : members) {
    const std::string data = member.deflate ? deflated(member.content) : member.content;
    const uLong crc = crc32(0,
                            reinterpret_cast<const Bytef*>(member.content.data()),
                            static_cast<uInt>(member.content.size()));
    std::string common;
    put_little(common, 20, 2);
    put_little(common, member.flags, 2);
    put_little(common, member.claimed_method.value_or(member.deflate ? 8 : 0), 2);
    put_little(common, 0, 4);
    put_little(common, crc, 4);
    put_little(common, data.size(), 4);
    put_little(common, member.claimed_size.value_or(member.content.size()), 4);
    put_little(common, member.name.size(), 2);
    put_little(common, 0, 2);

    put_little(directory, 0x02014b50, 4);
    put_little(directory, 20, 2);
    directory += common;
    put_little(directory, 0, 10);
    put_little(directory, out.size(), 4);
    directory += member.name;

    put_little(out, 0x04034b50, 4);
    out += common + member.name + data;
  }
  const std::size_t offset = out.size();
  out += directory;
  put_little(out, 0x06054b50, 4);
  put_little(out, 0, 4);
  put_little(out, members.size(), 2);
  put_little(out, members.size(), 2);
  put_little(out, directory.size(), 4);
  put_little(out, offset, 4);
  put_little(out, 0, 2);
  return out;
}

}  // namespace thalweg
