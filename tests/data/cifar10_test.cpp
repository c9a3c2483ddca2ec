#include "data/cifar10.hpp"

#include <string>
#include <vector>

#include <fmt/core.h>

#include "data/data_files.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/log.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

/// A record whose red, green and blue planes hold `red`, `red` + 1 and `red` + 2.
std::string record(char label, char red) {
  std::string bytes(1, label);
  for (char plane = 0; plane < 3; ++plane) bytes.append(1024, static_cast<char>(red + plane));
  return bytes;
}

std::string batch_name(int batch) { return fmt::format("data_batch_{}.bin", batch); }

/// Batch b holds two images, labels b and 9, red b * 10 and b * 10 + 3.
void write_batches(const TemporaryFolder& root, const std::string& folder = "") {
  for (char b = 1; b <= 5; ++b)
    write_text(root / (folder + batch_name(b)),
               record(b, static_cast<char>(b * 10)) + record(9, static_cast<char>(b * 10 + 3)));
}

void expect_is_the_ten(const Dataset& data) {
  EXPECT_THAT(data.inputs.shape(), ElementsAre(10, 3, 32, 32));
  EXPECT_THAT(data.labels.as<std::int64_t>(), ElementsAre(1, 9, 2, 9, 3, 9, 4, 9, 5, 9));
  const auto pixels = data.inputs.as<std::uint8_t>();
  EXPECT_EQ(pixels[0], 10);
  EXPECT_EQ(pixels[1024], 11);       // green of the first image
  EXPECT_EQ(pixels[3072], 13);       // red of the second
  EXPECT_EQ(pixels.back(), 50 + 5);  // blue of the last
}

TEST(Cifar10, ReadsTheFiveBatchesInOrder) {
  const TemporaryFolder root;
  write_batches(root);
  const Dataset data = read_cifar10(root.path());
  expect_is_the_ten(data);
  EXPECT_EQ(data.classes, 10);
  EXPECT_EQ(data.class_names[9], "truck");
}

TEST(Cifar10, FindsTheFolderOfTheArchive) {
  const TemporaryFolder root;
  write_batches(root, "cifar-10-batches-bin/");
  expect_is_the_ten(read_cifar10(root.path()));
}

TEST(Cifar10, ReadsTheTestBatch) {
  const TemporaryFolder root;
  write_text(root / "test_batch.bin", record(7, 1) + record(2, 4) + record(0, 8));
  const Dataset data = read_cifar10(root.path(), Split::kTest);
  EXPECT_THAT(data.labels.as<std::int64_t>(), ElementsAre(7, 2, 0));
  std::filesystem::remove(root / "test_batch.bin");
  expect_bad_input([&] { read_cifar10(root.path(), Split::kTest); }, {"test_batch.bin", "missing"});
}

TEST(Cifar10, WarnsWhenItIsNotThePublishedSize) {
  const TemporaryFolder root;
  write_batches(root);
  set_log_file(root / "log.txt");
  read_cifar10(root.path());
  set_log_file("");
  EXPECT_THAT(read_text(root / "log.txt"), HasSubstr("holds 10 images"));
}

TEST(Cifar10, NamesTheMissingBatch) {
  const TemporaryFolder root;
  write_batches(root);
  std::filesystem::remove(root / batch_name(4));
  expect_bad_input([&] { read_cifar10(root.path()); }, {batch_name(4), "missing", "binary"});
}

TEST(Cifar10, RefusesASizeThatIsNotWholeRecords) {
  const TemporaryFolder root;
  for (const std::size_t length : {0, 1, 3072, 3074, 6145}) {
    write_batches(root);
    write_text(root / batch_name(2), std::string(length, '\0'));
    expect_bad_input([&] { read_cifar10(root.path()); },
                     {batch_name(2), fmt::format("has {} bytes", length)});
  }
}

TEST(Cifar10, RefusesALabelOutOfRange) {
  const TemporaryFolder root;
  write_batches(root);
  write_text(root / batch_name(3), record(0, 0) + record(10, 0));
  expect_bad_input([&] { read_cifar10(root.path()); }, {batch_name(3), "label 10 in record 1"});
}

}  // namespace
}  // namespace thalweg::data
