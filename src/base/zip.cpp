#include "base/zip.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>
#include <type_traits>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

static_assert(std::endian::native == std::endian::little, "ZIP fields are copied as they are");

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kZip64EndOfDirectory = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::uint16_t kZip64Extra = 0x0001;

constexpr std::size_t kLocalHeaderSize = 30;
constexpr std::size_t kEndOfDirectorySize = 22;
constexpr std::size_t kZip64EndOfDirectorySize = 56;
constexpr std::size_t kZip64LocatorSize = 20;
constexpr std::size_t kLongestComment = 0xFFFF;

constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kEncryptedFlag = 0x0001;
constexpr std::uint16_t kUtf8Flag = 0x0800;

// Stand for "see the ZIP64 record".
constexpr std::uint16_t kSaturated16 = 0xFFFF;
constexpr std::uint32_t kSaturated32 = 0xFFFFFFFF;

// No deflate stream expands further: 258 bytes from two bits, rounded up.
constexpr std::uint64_t kLargestExpansion = 1032;

[[noreturn]] void damaged(const std::string& file, std::string_view what) {
  throw BadInput(
      file,
      fmt::format("{}: the archive is damaged or incomplete. Copy it or save it again.", what));
}

// Reads little-endian fields in order; reading past the end is damage.
class Fields {
 public:
  Fields(std::span<const std::byte> bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  template <typename T>
  T take() {
    static_assert(std::is_unsigned_v<T>);
    T value{};
    std::memcpy(&value, take_bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::span<const std::byte> take_bytes(std::size_t count) {
    if (count > bytes_.size()) {
      damaged(file_, "a record ends too early");
    }
    const auto result = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return result;
  }

  std::string take_text(std::size_t count) {
    const auto bytes = take_bytes(count);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  void skip(std::size_t count) { take_bytes(count); }
  bool empty() const { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
  const std::string& file_;
};

std::vector<std::byte> read_range(const InputFile& file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) {
    damaged(file.name(), "a record lies outside of the file");
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  file.read(offset, bytes);
  return bytes;
}

struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

// The end record is the last thing in the file but for a comment, whose length it gives.
std::uint64_t find_end_of_directory(const InputFile& file) {
  const std::uint64_t tail_size =
      std::min<std::uint64_t>(file.size(), kEndOfDirectorySize + kLongestComment);
  const auto bytes = read_range(file, file.size() - tail_size, tail_size);
  const std::span<const std::byte> tail(bytes);
  for (std::size_t size = kEndOfDirectorySize; size <= tail.size(); ++size) {
    Fields fields(tail.last(size), file.name());
    if (fields.take<std::uint32_t>() != kEndOfDirectory) {
      continue;
    }
    fields.skip(16);
    if (fields.take<std::uint16_t>() == size - kEndOfDirectorySize) {
      return file.size() - size;
    }
  }
  throw BadInput(
      file.name(),
      "does not end as a ZIP archive does: it is incomplete or of another format. Copy it "
      "again or save it with numpy.savez.");
}

Directory read_zip64_end(const InputFile& file, std::uint64_t end_offset) {
  if (end_offset < kZip64LocatorSize) {
    damaged(file.name(), "the ZIP64 locator is missing");
  }
  const auto locator_bytes = read_range(file, end_offset - kZip64LocatorSize, kZip64LocatorSize);
  Fields locator(locator_bytes, file.name());
  if (locator.take<std::uint32_t>() != kZip64Locator) {
    damaged(file.name(), "the ZIP64 locator is missing");
  }
  locator.skip(4);
  const auto record_bytes =
      read_range(file, locator.take<std::uint64_t>(), kZip64EndOfDirectorySize);
  Fields record(record_bytes, file.name());
  if (record.take<std::uint32_t>() != kZip64EndOfDirectory) {
    damaged(file.name(), "the ZIP64 directory record is missing");
  }
  record.skip(8 + 2 + 2 + 4 + 4 + 8);
  Directory directory;
  directory.entries = record.take<std::uint64_t>();
  directory.size = record.take<std::uint64_t>();
  directory.offset = record.take<std::uint64_t>();
  return directory;
}

Directory read_end_of_directory(const InputFile& file) {
  const std::uint64_t end_offset = find_end_of_directory(file);
  const auto bytes = read_range(file, end_offset, kEndOfDirectorySize);
  Fields fields(bytes, file.name());
  fields.skip(4 + 2 + 2 + 2);
  Directory directory;
  directory.entries = fields.take<std::uint16_t>();
  directory.size = fields.take<std::uint32_t>();
  directory.offset = fields.take<std::uint32_t>();
  if (directory.entries == kSaturated16 || directory.size == kSaturated32 ||
      directory.offset == kSaturated32) {
    directory = read_zip64_end(file, end_offset);
  }
  if (directory.offset > end_offset || directory.size > end_offset - directory.offset) {
    damaged(file.name(), "the directory lies outside of the file");
  }
  return directory;
}

// Replaces each saturated field of `member` by its 64-bit form, in the order of the format.
void apply_zip64(ZipMember& member, Fields extra, const std::string& file) {
  const bool wanted = member.size == kSaturated32 || member.compressed_size == kSaturated32 ||
                      member.header_offset == kSaturated32;
  while (wanted && !extra.empty()) {
    const auto id = extra.take<std::uint16_t>();
    Fields record(extra.take_bytes(extra.take<std::uint16_t>()), file);
    if (id != kZip64Extra) {
      continue;
    }
    for (std::uint64_t* field : {&member.size, &member.compressed_size, &member.header_offset}) {
      if (*field == kSaturated32) {
        *field = record.take<std::uint64_t>();
      }
    }
    return;
  }
}

ZipMember take_member(Fields& fields, const std::string& file) {
  if (fields.take<std::uint32_t>() != kCentralHeader) {
    damaged(file, "an entry of the directory is missing");
  }
  ZipMember member;
  fields.skip(2 + 2);
  const auto flags = fields.take<std::uint16_t>();
  member.method = fields.take<std::uint16_t>();
  fields.skip(2 + 2);
  member.crc = fields.take<std::uint32_t>();
  member.compressed_size = fields.take<std::uint32_t>();
  member.size = fields.take<std::uint32_t>();
  const auto name_size = fields.take<std::uint16_t>();
  const auto extra_size = fields.take<std::uint16_t>();
  const auto comment_size = fields.take<std::uint16_t>();
  fields.skip(2 + 2 + 4);
  member.header_offset = fields.take<std::uint32_t>();
  member.name = fields.take_text(name_size);
  apply_zip64(member, Fields(fields.take_bytes(extra_size), file), file);
  fields.skip(comment_size);
  if ((flags & kEncryptedFlag) != 0) {
    throw BadInput(
        file, fmt::format("member '{}' is encrypted. Save it without a password.", member.name));
  }
  return member;
}

void check_sizes(const ZipMember& member, const std::string& file) {
  if (member.method != kStored && member.method != kDeflated) {
    throw BadInput(file,
                   fmt::format("member '{}' is compressed by method {}; only stored and deflated "
                               "members are read. Save it with numpy.savez or savez_compressed.",
                               member.name,
                               member.method));
  }
  const bool possible = member.method == kStored
                            ? member.size == member.compressed_size
                            : member.size / kLargestExpansion <= member.compressed_size;
  if (!possible) {
    damaged(file,
            fmt::format("member '{}' claims {} bytes out of {}",
                        member.name,
                        member.size,
                        member.compressed_size));
  }
}

// Appends little-endian fields.
class Record {
 public:
  template <typename T>
  Record& put(T value) {
    static_assert(std::is_unsigned_v<T>);
    std::array<char, sizeof(T)> bytes{};
    std::memcpy(bytes.data(), &value, sizeof(T));
    text_.append(bytes.data(), bytes.size());
    return *this;
  }
  Record& put_text(std::string_view text) {
    text_ += text;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

constexpr std::uint16_t kVersionStored = 20;
constexpr std::uint16_t kVersionZip64 = 45;
constexpr std::uint16_t kMidnight = 0;
constexpr std::uint16_t kFirstOfJanuary1980 = 0x0021;  // a fixed date: equal content, equal bytes

std::uint16_t name_flag(std::string_view name) {
  const bool ascii = std::all_of(
      name.begin(), name.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  return ascii ? 0 : kUtf8Flag;
}

// From "version needed" to "extra field length", alike in local and central headers.
void put_common(Record& record, const ZipMember& member, bool zip64, std::uint16_t extra_size) {
  const auto size32 = zip64 ? kSaturated32 : static_cast<std::uint32_t>(member.size);
  record.put(zip64 ? kVersionZip64 : kVersionStored)
      .put(name_flag(member.name))
      .put(kStored)
      .put(kMidnight)
      .put(kFirstOfJanuary1980)
      .put(member.crc)
      .put(size32)
      .put(size32)
      .put(static_cast<std::uint16_t>(member.name.size()))
      .put(extra_size);
}

std::string local_header(const ZipMember& member, bool zip64) {
  Record record;
  record.put(kLocalHeader);
  put_common(record, member, zip64, zip64 ? 20 : 0);
  record.put_text(member.name);
  if (zip64) {
    record.put(kZip64Extra).put(std::uint16_t{16}).put(member.size).put(member.size);
  }
  return record.text();
}

std::string central_header(const ZipMember& member, bool zip64) {
  Record record;
  record.put(kCentralHeader).put(kVersionZip64);
  put_common(record, member, zip64, zip64 ? 28 : 0);
  record
      .put(std::uint16_t{0})  // comment
      .put(std::uint16_t{0})  // disk
      .put(std::uint16_t{0})  // internal attributes
      .put(std::uint32_t{0})  // external attributes
      .put(zip64 ? kSaturated32 : static_cast<std::uint32_t>(member.header_offset))
      .put_text(member.name);
  if (zip64) {
    record.put(kZip64Extra)
        .put(std::uint16_t{24})
        .put(member.size)
        .put(member.size)
        .put(member.header_offset);
  }
  return record.text();
}

std::string zip64_end(const Directory& directory) {
  const std::uint64_t end_offset = directory.offset + directory.size;
  Record record;
  record.put(kZip64EndOfDirectory)
      .put(std::uint64_t{kZip64EndOfDirectorySize - 12})
      .put(kVersionZip64)
      .put(kVersionZip64)
      .put(std::uint32_t{0})
      .put(std::uint32_t{0})
      .put(directory.entries)
      .put(directory.entries)
      .put(directory.size)
      .put(directory.offset);
  record.put(kZip64Locator).put(std::uint32_t{0}).put(end_offset).put(std::uint32_t{1});
  return record.text();
}

std::string end_of_directory(const Directory& directory, bool zip64) {
  const auto entries = zip64 ? kSaturated16 : static_cast<std::uint16_t>(directory.entries);
  Record record;
  record.put(kEndOfDirectory)
      .put(std::uint16_t{0})
      .put(std::uint16_t{0})
      .put(entries)
      .put(entries)
      .put(zip64 ? kSaturated32 : static_cast<std::uint32_t>(directory.size))
      .put(zip64 ? kSaturated32 : static_cast<std::uint32_t>(directory.offset))
      .put(std::uint16_t{0});
  return record.text();
}

uLong extend_crc(uLong crc, std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return crc;  // an empty span may point nowhere, and zlib would start anew
  }
  return crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

}  // namespace

ZipReader::ZipReader(const std::filesystem::path& file) : file_(file) {
  const std::string& name = file_.name();
  const Directory directory = read_end_of_directory(file_);
  directory_offset_ = directory.offset;
  const auto bytes = read_range(file_, directory.offset, directory.size);
  Fields fields(bytes, name);
  // Members that shared their data could together claim far more than the file holds.
  std::uint64_t data_left = directory.offset;
  std::set<std::string> names;
  while (!fields.empty()) {
    ZipMember member = take_member(fields, name);
    check_sizes(member, name);
    if (member.compressed_size > data_left) {
      damaged(name, fmt::format("member '{}' does not fit in the file", member.name));
    }
    data_left -= member.compressed_size;
    if (!names.insert(member.name).second) {
      damaged(name, fmt::format("member '{}' appears twice", member.name));
    }
    members_.push_back(std::move(member));
  }
  if (members_.size() != directory.entries) {
    damaged(name,
            fmt::format("{} members where {} are announced", members_.size(), directory.entries));
  }
}

std::uint64_t ZipReader::data_offset(const ZipMember& member) const {
  const auto header = read_range(file_, member.header_offset, kLocalHeaderSize);
  Fields fields(header, file_.name());
  const bool is_header = fields.take<std::uint32_t>() == kLocalHeader;
  fields.skip(2 + 2);
  const auto method = fields.take<std::uint16_t>();
  fields.skip(2 + 2 + 4 + 4 + 4);
  const auto name_size = fields.take<std::uint16_t>();
  const auto extra_size = fields.take<std::uint16_t>();
  const auto name = read_range(file_, member.header_offset + kLocalHeaderSize, name_size);
  if (!is_header || method != member.method ||
      !std::ranges::equal(name, std::as_bytes(std::span(member.name)))) {
    damaged(file_.name(),
            fmt::format("the header of member '{}' is not where it should be", member.name));
  }
  const std::uint64_t offset = member.header_offset + kLocalHeaderSize + name_size + extra_size;
  if (offset > directory_offset_ || member.compressed_size > directory_offset_ - offset) {
    damaged(file_.name(), fmt::format("member '{}' does not fit in the file", member.name));
  }
  return offset;
}

ZipStream::ZipStream(const ZipReader& archive, const ZipMember& member)
    : file_(archive.file()),
      member_(member),
      offset_(archive.data_offset(member)),
      compressed_left_(member.compressed_size),
      left_(member.size),
      crc_(crc32_z(0, nullptr, 0)) {
  constexpr int kRawDeflate = -MAX_WBITS;  // no zlib header: ZIP has its own
  if (member.method == kDeflated && inflateInit2(&inflater_, kRawDeflate) != Z_OK) {
    throw RunFailed(file_.name(), "zlib cannot start: not enough memory.");
  }
}

ZipStream::~ZipStream() {
  if (member_.method == kDeflated) {
    inflateEnd(&inflater_);
  }
}

void ZipStream::read(std::span<std::byte> out) {
  if (out.size() > left_) {
    fail("ends too early");
  }
  left_ -= out.size();
  if (member_.method == kStored) {
    read_stored(out);
  } else {
    inflate_some(out);
  }
  crc_ = extend_crc(crc_, out);
}

void ZipStream::finish() {
  if (left_ != 0) {
    fail("has more data than its header says");
  }
  if (member_.method == kDeflated) {
    // The end marker of the stream has not been read when the last byte came out.
    std::byte surplus{};
    inflater_.next_out = reinterpret_cast<Bytef*>(&surplus);
    inflater_.avail_out = 1;
    int status = Z_OK;
    while (status == Z_OK && inflater_.avail_out == 1) {
      refill();
      status = inflate(&inflater_, Z_NO_FLUSH);
    }
    if (status != Z_STREAM_END || inflater_.avail_out != 1) {
      fail("does not end where it should");
    }
  }
  if (compressed_left_ != 0 || inflater_.avail_in != 0) {
    fail("does not end where it should");
  }
  if (crc_ != member_.crc) {
    fail("has a wrong CRC");
  }
}

void ZipStream::read_stored(std::span<std::byte> out) {
  file_.read(offset_, out);
  offset_ += out.size();
  compressed_left_ -= out.size();
}

void ZipStream::inflate_some(std::span<std::byte> out) {
  constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // zlib counts in 32 bits
  while (!out.empty()) {
    const std::size_t wanted = std::min(out.size(), kMostAtOnce);
    inflater_.next_out = reinterpret_cast<Bytef*>(out.data());
    inflater_.avail_out = static_cast<uInt>(wanted);
    refill();
    const int status = inflate(&inflater_, Z_NO_FLUSH);
    const std::size_t produced = wanted - inflater_.avail_out;
    if (produced == 0 && status != Z_OK) {
      fail("cannot be decompressed");
    }
    out = out.subspan(produced);
  }
}

void ZipStream::refill() {
  if (inflater_.avail_in > 0) {
    return;
  }
  const std::size_t count = std::min<std::uint64_t>(buffer_.size(), compressed_left_);
  file_.read(offset_, std::span(buffer_).first(count));
  offset_ += count;
  compressed_left_ -= count;
  inflater_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
  inflater_.avail_in = static_cast<uInt>(count);
}

void ZipStream::fail(std::string_view what) const {
  damaged(file_.name(), fmt::format("member '{}' {}", member_.name, what));
}

void ZipWriter::add(std::string_view name,
                    std::span<const std::byte> head,
                    std::span<const std::byte> body) {
  if (name.size() > 0xFFFF) {
    throw InvalidArgument("ZipWriter::add",
                          fmt::format("a name has {} bytes; at most 65535 fit.", name.size()));
  }
  ZipMember member;
  member.name = name;
  member.crc =
      static_cast<std::uint32_t>(extend_crc(extend_crc(crc32_z(0, nullptr, 0), head), body));
  member.size = head.size() + body.size();
  member.header_offset = output_.offset();
  output_.write(local_header(member, member.size >= zip64_from_));
  output_.write(head);
  output_.write(body);
  members_.push_back(std::move(member));
}

void ZipWriter::finish() {
  Directory directory;
  directory.entries = members_.size();
  directory.offset = output_.offset();
  for (const ZipMember& member : members_) {
    output_.write(
        central_header(member, std::max(member.size, member.header_offset) >= zip64_from_));
  }
  directory.size = output_.offset() - directory.offset;
  const bool zip64 = directory.entries >= kSaturated16 ||
                     std::max(directory.size, directory.offset) >= zip64_from_;
  if (zip64) {
    output_.write(zip64_end(directory));
  }
  output_.write(end_of_directory(directory, zip64));
}

}  // namespace thalweg
