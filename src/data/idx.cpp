#include "data/idx.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/core.h>
#include <zlib.h>

#include "thalweg/base/error.hpp"

namespace thalweg::data {
namespace {

constexpr unsigned kUnsignedByte = 0x08;
constexpr unsigned kMaxRank = 4;
// Deflate spends at least one bit on 258 bytes, after a Huffman code of that length: zlib's
// technical notes put the limit at 1032 to 1.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

/// A gzip'd file, or a plain one, as a stream of bytes. Every failure names the file.
class ByteStream {
 public:
  explicit ByteStream(const std::filesystem::path& file) : file_(file) {
    std::error_code error;
    stored_bytes_ = std::filesystem::file_size(file, error);
    if (error) fail("cannot be read: " + error.message() + ".");
    stream_.reset(gzopen(file.c_str(), "rb"));
    if (!stream_) fail("cannot be opened for reading.");
  }

  /// Fills `out`. Large reads are cut into pieces, because gzread counts in int.
  void read(std::span<std::byte> out) {
    constexpr std::size_t kPiece = std::size_t{1} << 30;
    for (std::size_t done = 0; done < out.size();) {
      const auto piece = static_cast<unsigned>(std::min(kPiece, out.size() - done));
      const int got = gzread(stream_.get(), out.data() + done, piece);
      if (got <= 0) fail_at(done, out.size());
      done += static_cast<std::size_t>(got);
    }
  }

  /// The content must end here. Reading past the end is also what makes zlib verify its checksum.
  void expect_end() {
    std::byte extra{};
    const int got = gzread(stream_.get(), &extra, 1);
    check_stream();
    if (got != 0) fail("holds more than its header declares. Get the file again.");
  }

  std::uint64_t most_content() const { return stored_bytes_ * kMaxDeflateRatio; }

  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(file_.string(), message);
  }

 private:
  void check_stream() const {
    int code = Z_OK;
    const char* reason = gzerror(stream_.get(), &code);
    if (code != Z_OK) fail(fmt::format("is damaged or cut short ({}). Get it again.", reason));
  }

  [[noreturn]] void fail_at(std::size_t done, std::size_t wanted) const {
    check_stream();
    fail(fmt::format("ends early: {} of {} bytes. Get the file again.", done, wanted));
  }

  struct Close {
    void operator()(gzFile stream) const { gzclose(stream); }
  };
  std::filesystem::path file_;
  std::uint64_t stored_bytes_ = 0;
  std::unique_ptr<gzFile_s, Close> stream_;
};

unsigned read_rank(ByteStream& stream) {
  std::array<std::byte, 4> magic{};
  stream.read(magic);
  const auto type = std::to_integer<unsigned>(magic[2]);
  const auto rank = std::to_integer<unsigned>(magic[3]);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0})
    stream.fail("is not an IDX file: it must begin with two zero bytes.");
  if (type != kUnsignedByte)
    stream.fail(fmt::format(
        "holds elements of IDX type 0x{:02x}; only unsigned bytes (0x08) are read.", type));
  if (rank < 1 || rank > kMaxRank)
    stream.fail(fmt::format("declares {} axes; 1 to {} are read.", rank, kMaxRank));
  return rank;
}

std::int64_t read_extent(ByteStream& stream) {
  std::array<std::byte, 4> bytes{};
  stream.read(bytes);
  std::int64_t extent = 0;
  for (const std::byte b : bytes) extent = extent * 256 + std::to_integer<std::int64_t>(b);
  return extent;
}

std::vector<std::int64_t> read_shape(ByteStream& stream) {
  std::vector<std::int64_t> shape(read_rank(stream));
  for (auto& extent : shape) extent = read_extent(stream);
  return shape;
}

/// Refuses a shape of more elements than the file can hold, without overflow.
void check_size(const ByteStream& stream, const std::vector<std::int64_t>& shape) {
  std::uint64_t room = stream.most_content();
  for (const auto extent : shape) {
    if (extent == 0) stream.fail("declares the shape " + shape_text(shape) + ", which is empty.");
    room /= static_cast<std::uint64_t>(extent);
  }
  if (room == 0)
    stream.fail("declares the shape " + shape_text(shape) +
                ", more than a file of its size can hold. Get the file again.");
}

}  // namespace

NdArray read_idx(const std::filesystem::path& file) {
  ByteStream stream(file);
  const auto shape = read_shape(stream);
  check_size(stream, shape);
  NdArray array(DType::kUInt8, shape);
  stream.read(array.bytes());
  stream.expect_end();
  return array;
}

}  // namespace thalweg::data
