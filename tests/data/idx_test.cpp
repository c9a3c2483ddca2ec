#include "data/idx.hpp"

#include <string>
#include <vector>

#include "data/data_files.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

const std::string kSix = idx_bytes({2, 3}, "\x01\x02\x03\xfd\xfe\xff");

void expect_is_the_six(const NdArray& array) {
  EXPECT_EQ(array.dtype(), DType::kUInt8);
  EXPECT_THAT(array.shape(), ElementsAre(2, 3));
  const auto values = array.as<std::uint8_t>();
  EXPECT_EQ(std::vector(values.begin(), values.end()),
            (std::vector<std::uint8_t>{1, 2, 3, 253, 254, 255}));
}

TEST(Idx, ReadsGzippedBytes) {
  const TemporaryFolder folder;
  expect_is_the_six(read_idx(write_gzip(folder / "six.gz", kSix)));
}

TEST(Idx, ReadsPlainBytes) {
  const TemporaryFolder folder;
  expect_is_the_six(read_idx(write_text(folder / "six", kSix)));
}

TEST(Idx, ReadsManyEqualBytes) {
  // Zeros compress best: the size check must let the best ratio of deflate through.
  const TemporaryFolder folder;
  const std::string zeros(1 << 20, '\0');
  const NdArray array = read_idx(write_gzip(folder / "zeros.gz", idx_bytes({1 << 20}, zeros)));
  EXPECT_EQ(array.size(), 1 << 20);
}

TEST(Idx, RefusesEveryTruncationOfAPlainFile) {
  const TemporaryFolder folder;
  for (std::size_t length = 0; length < kSix.size(); ++length)
    EXPECT_THROW(read_idx(write_text(folder / "cut", kSix.substr(0, length))), BadInput) << length;
}

TEST(Idx, RefusesEveryTruncationOfAGzippedFile) {
  const TemporaryFolder folder;
  write_gzip(folder / "whole", kSix);
  const std::string whole = read_text(folder / "whole");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(read_idx(write_text(folder / "cut", whole.substr(0, length))), BadInput) << length;
}

TEST(Idx, RefusesAWrongChecksum) {
  const TemporaryFolder folder;
  write_gzip(folder / "whole", kSix);
  std::string bytes = read_text(folder / "whole");
  bytes[bytes.size() - 8] ^= 1;  // the trailer is CRC-32 and length, 4 bytes each
  expect_bad_input([&] { read_idx(write_text(folder / "damaged", bytes)); },
                   {"damaged", "data check"});
}

TEST(Idx, RefusesMoreThanDeclared) {
  const TemporaryFolder folder;
  expect_bad_input([&] { read_idx(write_text(folder / "long", kSix + "x")); },
                   {"more than its header"});
}

TEST(Idx, RefusesWrongMagicTypeAndRank) {
  const TemporaryFolder folder;
  const auto with_header = [&](const std::string& header) {
    return write_text(folder / "wrong", header + kSix.substr(4));
  };
  expect_bad_input([&] { read_idx(with_header("PNG\x02")); }, {"two zero bytes"});
  expect_bad_input([&] { read_idx(with_header({0, 0, 0x0d, 2})); }, {"type 0x0d", "0x08"});
  expect_bad_input([&] { read_idx(with_header({0, 0, 8, 0})); }, {"0 axes"});
  expect_bad_input([&] { read_idx(with_header({0, 0, 8, 5})); }, {"5 axes"});
}

TEST(Idx, RefusesSizesTheFileCannotHoldBeforeAllocating) {
  const TemporaryFolder folder;
  const std::uint32_t most = 0xffffffff;
  for (const auto& shape : {std::vector{most}, {most, most, most, most}, {60000, 28, 28}})
    expect_bad_input([&] { read_idx(write_text(folder / "huge", idx_bytes(shape, "abc"))); },
                     {"declares the shape", "can hold"});
}

TEST(Idx, RefusesAnEmptyShape) {
  const TemporaryFolder folder;
  expect_bad_input(
      [&] {
        read_idx(write_text(folder / "empty", idx_bytes({0, 28}, "")));
      },
      {"(0, 28)", "empty"});
}

TEST(Idx, RefusesAMissingFileAndAFolder) {
  const TemporaryFolder folder;
  expect_bad_input([&] { read_idx(folder / "absent.gz"); }, {"absent.gz"});
  EXPECT_THROW(read_idx(folder.path()), BadInput);
}

}  // namespace
}  // namespace thalweg::data
