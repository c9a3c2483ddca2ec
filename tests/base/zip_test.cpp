#include "base/zip.hpp"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/zip_bytes.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::TemporaryFolder;

std::string content_of(const ZipReader& archive, const ZipMember& member) {
  ZipStream stream(archive, member);
  std::string content(static_cast<std::size_t>(member.size), '\0');
  stream.read(std::as_writable_bytes(std::span(content)));
  stream.finish();
  return content;
}

class ZipTest : public ::testing::Test {
 protected:
  std::filesystem::path put(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    return file_;
  }

  std::string read_all(const std::string& bytes) {
    const ZipReader archive(put(bytes));
    std::string contents;
    for (const ZipMember& member : archive.members()) {
      contents += member.name + "=" + content_of(archive, member) + ";";
    }
    return contents;
  }

  void write(const std::vector<std::pair<std::string, std::string>>& members,
             std::uint64_t zip64_from) {
    OutputFile output(file_, file_);
    ZipWriter writer(output, zip64_from);
    for (const auto& [name, content] : members) {
      const auto bytes = std::as_bytes(std::span(content));
      const std::size_t half = bytes.size() / 2;
      writer.add(name, bytes.first(half), bytes.subspan(half));
    }
    writer.finish();
    output.close();
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "archive.zip";
};

TEST_F(ZipTest, ReadsStoredAndDeflatedMembers) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(read_all(zip_bytes({{.name = "a", .content = "hello"},
                                {.name = "b", .content = text, .deflate = true},
                                {.name = "c", .content = ""},
                                {.name = "d", .content = "", .deflate = true}})),
            "a=hello;b=" + text + ";c=;d=;");
}

TEST_F(ZipTest, ReadsDeflatedMembersLargerThanItsBuffer) {
  std::string noise(300'000, '\0');
  std::uint32_t state = 1;
  std::generate(noise.begin(), noise.end(), [&] {
    state = state * 1664525 + 1013904223;
    return static_cast<char>(state >> 24);
  });
  EXPECT_EQ(read_all(zip_bytes({{.name = "a", .content = noise, .deflate = true}})),
            "a=" + noise + ";");
}

TEST_F(ZipTest, ReadsAnEmptyArchiveAndOneWithAComment) {
  EXPECT_EQ(read_all(zip_bytes({})), "");
  std::string bytes = zip_bytes({{.name = "a", .content = "hello"}});
  bytes[bytes.size() - 2] = 9;
  EXPECT_EQ(read_all(bytes + "a comment"), "a=hello;");
}

TEST_F(ZipTest, ReadsBackWhatItWrites) {
  // 0 forces every ZIP64 record; 100 leaves some members with and some without.
  for (const std::uint64_t zip64_from : {0ULL, 100ULL, 0xFFFFFFFFULL}) {
    write({{"a", "hello"}, {"größe", std::string(200, 'y')}, {"", ""}}, zip64_from);
    EXPECT_EQ(read_all(read_file(file_)), "a=hello;größe=" + std::string(200, 'y') + ";=;")
        << zip64_from;
  }
}

// zlib takes a null pointer for "start anew", and the body of an empty array is one.
TEST_F(ZipTest, GivesTheRightCrcWhenThereIsNoBody) {
  const std::string head = "head";
  OutputFile output(file_, file_);
  ZipWriter writer(output);
  writer.add("a", std::as_bytes(std::span(head)), {});
  writer.finish();
  output.close();
  EXPECT_EQ(ZipReader(file_).members().at(0).crc,
            crc32(0, reinterpret_cast<const Bytef*>(head.data()), 4));
}

TEST_F(ZipTest, WritesMoreMembersThanTheOldFormatCounts) {
  std::vector<std::pair<std::string, std::string>> members;
  for (int i = 0; i < 70'000; ++i) {
    members.emplace_back(std::to_string(i), "");
  }
  write(members, 0xFFFFFFFF);
  EXPECT_EQ(ZipReader(file_).members().size(), members.size());
}

TEST_F(ZipTest, RefusesWhatItDoesNotSupport) {
  EXPECT_THAT([&] { read_all(zip_bytes({{.name = "a", .content = "x", .flags = 1}})); },
              ThrowsMessage<BadInput>(HasSubstr("member 'a' is encrypted")));
  EXPECT_THAT([&] { read_all(zip_bytes({{.name = "a", .content = "x", .claimed_method = 12}})); },
              ThrowsMessage<BadInput>(HasSubstr("compressed by method 12")));
  EXPECT_THAT([&] { read_all("not an archive at all, but some text"); },
              ThrowsMessage<BadInput>(HasSubstr("does not end as a ZIP archive does")));
  EXPECT_THAT([&] { read_all(""); }, ThrowsMessage<BadInput>(HasSubstr("incomplete")));
}

TEST_F(ZipTest, RefusesSizesThatCannotBe) {
  const HandMember bomb{.name = "a", .content = "x", .deflate = true, .claimed_size = 0xF0000000};
  EXPECT_THAT([&] { read_all(zip_bytes({bomb})); },
              ThrowsMessage<BadInput>(HasSubstr("claims 4026531840 bytes out of 3")));
  for (const std::uint32_t size : {0U, 4U, 6U}) {
    for (const bool deflate : {false, true}) {
      const HandMember liar{
          .name = "a", .content = "hello", .deflate = deflate, .claimed_size = size};
      EXPECT_THROW(read_all(zip_bytes({liar})), BadInput) << size << deflate;
    }
  }
}

TEST_F(ZipTest, RefusesTheSameNameTwice) {
  EXPECT_THAT(
      [&] {
        read_all(zip_bytes({{.name = "a", .content = "x"}, {.name = "a", .content = "y"}}));
      },
      ThrowsMessage<BadInput>(HasSubstr("'a' appears twice")));
}

// Two entries of the directory that point at the same data.
TEST_F(ZipTest, RefusesMembersThatShareData) {
  std::string bytes = zip_bytes({{.name = "a", .content = std::string(500, 'x')}});
  const std::size_t directory = bytes.size() - 22 - 47;
  std::string second = bytes.substr(directory, 47);
  second.back() = 'b';
  bytes.insert(directory + 47, second);
  bytes[bytes.size() - 14] = 2;
  bytes[bytes.size() - 12] = 2;
  bytes[bytes.size() - 10] = 94;
  EXPECT_THAT([&] { read_all(bytes); },
              ThrowsMessage<BadInput>(HasSubstr("member 'b' does not fit in the file")));
}

TEST_F(ZipTest, RefusesDataThatChanged) {
  std::string bytes = zip_bytes({{.name = "a", .content = "hello"}});
  bytes[bytes.find("hello")] = 'j';
  EXPECT_THAT(
      [&] { read_all(bytes); },
      ThrowsMessage<BadInput>(HasSubstr("member 'a' has a wrong CRC: the archive is damaged "
                                        "or incomplete. Copy it or save it again.")));
}

}  // namespace
}  // namespace thalweg
