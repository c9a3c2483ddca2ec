#include "data/fashion_mnist.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "data/data_files.hpp"
#include "support/temporary_folder.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

constexpr const char* kImages = "train-images-idx3-ubyte.gz";
constexpr const char* kLabels = "train-labels-idx1-ubyte.gz";

/// Two images: every pixel 0 and every pixel 255, with labels 9 and 3.
std::string two_images() {
  return idx_bytes({2, 28, 28}, std::string(784, '\0') + std::string(784, '\xff'));
}

TEST(FashionMnist, ReadsPixelsAsStoredAndLabels) {
  const TemporaryFolder folder;
  write_gzip(folder / kImages, two_images());
  write_gzip(folder / kLabels, idx_bytes({2}, "\x09\x03"));
  const Dataset data = read_fashion_mnist(folder.path());
  EXPECT_THAT(data.inputs.shape(), ElementsAre(2, 1, 28, 28));
  EXPECT_EQ(data.inputs.dtype(), DType::kUInt8);
  EXPECT_EQ(data.inputs.as<std::uint8_t>()[784], 255);
  EXPECT_THAT(data.labels.as<std::int64_t>(), ElementsAre(9, 3));
  EXPECT_EQ(data.classes, 10);
  EXPECT_EQ(data.class_names[9], "Ankle boot");
}

TEST(FashionMnist, NamesThePackageAndTheAlternativesWhenMissing) {
  const TemporaryFolder folder;
  const std::vector<std::string> remedies = {"apt-get install dataset-fashion-mnist",
                                             "THALWEG_FASHION_MNIST",
                                             "--data cifar10:DIR",
                                             "--data FILE.npz"};
  expect_bad_input([&] { read_fashion_mnist(folder.path()); }, remedies);
  write_gzip(folder / kImages, two_images());
  expect_bad_input([&] { read_fashion_mnist(folder.path()); }, remedies);
}

TEST(FashionMnist, ReadsTheTestFiles) {
  const TemporaryFolder folder;
  write_gzip(folder / kImages, two_images());
  write_gzip(folder / kLabels, idx_bytes({2}, "\x09\x03"));
  expect_bad_input([&] { read_fashion_mnist(folder.path(), Split::kTest); },
                   {"t10k-images-idx3-ubyte.gz", "apt-get install"});
  write_gzip(folder / "t10k-images-idx3-ubyte.gz", two_images());
  write_gzip(folder / "t10k-labels-idx1-ubyte.gz", idx_bytes({2}, "\x01\x02"));
  const Dataset data = read_fashion_mnist(folder.path(), Split::kTest);
  EXPECT_THAT(data.labels.as<std::int64_t>(), ElementsAre(1, 2));
}

TEST(FashionMnist, RefusesALabelOutOfRange) {
  const TemporaryFolder folder;
  write_gzip(folder / kImages, two_images());
  write_gzip(folder / kLabels, idx_bytes({2}, "\x09\x0a"));
  expect_bad_input([&] { read_fashion_mnist(folder.path()); }, {kLabels, "label 10 in row 1"});
}

TEST(FashionMnist, RefusesFilesThatDoNotBelongTogether) {
  const TemporaryFolder folder;
  write_gzip(folder / kImages, two_images());
  write_gzip(folder / kLabels, idx_bytes({3}, "\x01\x02\x03"));
  expect_bad_input([&] { read_fashion_mnist(folder.path()); }, {"3 labels for 2 images"});
  write_gzip(folder / kLabels, two_images());
  expect_bad_input([&] { read_fashion_mnist(folder.path()); }, {kLabels, "(2, 28, 28)"});
  write_gzip(folder / kImages, idx_bytes({1, 28, 2}, std::string(56, 'x')));
  expect_bad_input([&] { read_fashion_mnist(folder.path()); }, {kImages, "(1, 28, 2)"});
}

TEST(FashionMnist, ReadsThePublishedTrainingSplit) {
  const auto folder = fashion_mnist_folder();
  if (!std::filesystem::exists(folder / kImages)) GTEST_SKIP() << "package not installed";
  const Dataset data = read_fashion_mnist(folder);
  EXPECT_EQ(data.size(), 60000);
  const auto labels = data.labels.as<std::int64_t>();
  for (std::int64_t label = 0; label < 10; ++label)
    EXPECT_EQ(std::count(labels.begin(), labels.end(), label), 6000) << label;
}

}  // namespace
}  // namespace thalweg::data
