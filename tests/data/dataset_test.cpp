#include "thalweg/data/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "data/data_files.hpp"
#include "data/fashion_mnist.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/npz.hpp"

namespace thalweg::data {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_text;

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments moments(std::span<const float> values) {
  Moments result;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) result.mean += value / n;
  for (const double value : values)
    result.deviation += (value - result.mean) * (value - result.mean) / n;
  result.deviation = std::sqrt(result.deviation);
  return result;
}

std::string write_arrays(const TemporaryFolder& folder, const NdArray& x) {
  const std::vector<std::int64_t> labels = {0, 1, 0, 1};
  const auto file = folder / "own.npz";
  write_npz(file, {{"x", x}, {"y", NdArray::of(std::span<const std::int64_t>(labels), {4})}});
  return file.string();
}

NdArray integer_table() {
  const std::vector<std::int64_t> values = {3, 3, 5, 5, 3, 5, 5, 3};
  return NdArray::of(std::span<const std::int64_t>(values), {4, 2});
}

class FashionMnistDataset : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(fashion_mnist_folder() / "train-images-idx3-ubyte.gz"))
      GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  }
};

TEST_F(FashionMnistDataset, IsStandardisedAndBalancedByDefault) {
  const Dataset data = load_dataset({});
  EXPECT_EQ(data.name, "fashion-mnist");
  EXPECT_THAT(data.inputs.shape(), ElementsAre(1000, 1, 28, 28));
  EXPECT_THAT(data.example_shape(), ElementsAre(1, 28, 28));
  EXPECT_EQ(data.outputs(), 10);
  std::vector<int> counts(10);
  for (const auto label : data.labels.as<std::int64_t>()) ++counts[static_cast<std::size_t>(label)];
  EXPECT_THAT(counts, Each(100));
  // Each of the 784000 values is rounded to float32, by at most eps/2 of its size (below 2.1).
  constexpr double kTolerance = std::numeric_limits<float>::epsilon();
  const auto [mean, deviation] = moments(data.inputs.as<float>());
  EXPECT_NEAR(mean, 0, kTolerance);
  EXPECT_NEAR(deviation, 1, kTolerance);
}

TEST_F(FashionMnistDataset, ScalesPixelsToTheUnitIntervalUnlessStandardised) {
  const Dataset data = load_dataset({.examples = 50, .classes = 4, .standardize = false});
  const auto values = data.inputs.as<float>();
  EXPECT_EQ(*std::min_element(values.begin(), values.end()), 0);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 1);
  EXPECT_THAT(data.class_names, ElementsAre("T-shirt/top", "Trouser", "Pullover", "Dress"));
  const Dataset all = read_fashion_mnist(fashion_mnist_folder());
  const auto last = static_cast<std::size_t>(data.rows.back());
  EXPECT_EQ(all.labels.as<std::int64_t>()[last], 3);
  EXPECT_EQ(values[49 * 784 + 400],
            static_cast<float>(all.inputs.as<std::uint8_t>()[last * 784 + 400]) / 255.0F);
}

TEST_F(FashionMnistDataset, ComesFromTheFolderInTheEnvironment) {
  const TemporaryFolder folder;
  setenv("THALWEG_FASHION_MNIST", folder.path().c_str(), 1);
  expect_bad_input([] { load_dataset({}); }, {folder.path().string(), "apt-get install"});
  unsetenv("THALWEG_FASHION_MNIST");
}

TEST(Dataset, ReadsCifar10FromItsFolder) {
  const TemporaryFolder folder;
  for (const std::string batch : {"1", "2", "3", "4", "5"})
    write_text(folder / ("data_batch_" + batch + ".bin"), std::string(3073, '\1'));
  const Dataset data = load_dataset(
      {.source = "cifar10:" + folder.path().string(), .examples = 0, .standardize = false});
  EXPECT_THAT(data.inputs.shape(), ElementsAre(5, 3, 32, 32));
  EXPECT_THAT(data.inputs.as<float>(), Each(1.0F / 255.0F));
}

TEST(Dataset, StandardisesIntegerTablesAndKeepsTokensOtherwise) {
  const TemporaryFolder folder;
  const std::string file = write_arrays(folder, integer_table());
  const Dataset table = load_dataset({.source = file, .examples = 0});
  EXPECT_THAT(table.inputs.as<float>(), ElementsAre(-1, -1, 1, 1, -1, 1, 1, -1));
  const Dataset tokens = load_dataset({.source = file, .examples = 0, .standardize = false});
  EXPECT_EQ(tokens.inputs, integer_table());
  EXPECT_EQ(tokens.vocabulary, 6);
  EXPECT_EQ(table.vocabulary, 0);
}

TEST(Dataset, NegativeIntegersAreNoTokens) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> values = {3, 3, 5, -5, 3, 5, 5, 3};
  const auto x = NdArray::of(std::span<const std::int64_t>(values), {4, 2});
  const Dataset data =
      load_dataset({.source = write_arrays(folder, x), .examples = 0, .standardize = false});
  EXPECT_EQ(data.inputs, x.to(DType::kFloat32));
  EXPECT_EQ(data.vocabulary, 0);
}

TEST(Dataset, NeverStandardisesSequences) {
  for (const bool standardize : {true, false}) {
    const Dataset data =
        load_dataset({.source = "sorting:3,4", .examples = 5, .standardize = standardize});
    EXPECT_EQ(data.inputs.dtype(), DType::kInt64);
    EXPECT_THAT(data.inputs.shape(), ElementsAre(5, 7));
    EXPECT_EQ(data.vocabulary, 3);
    EXPECT_TRUE(data.standardized.empty());
  }
}

TEST(TestDataset, OfSortingIsDrawnFromAnotherStream) {
  const DatasetOptions options{.source = "sorting", .examples = 1000, .key = Key{3}};
  const Dataset train = load_dataset(options), test = load_test_dataset(options, train);
  EXPECT_EQ(test.size(), 1000);
  EXPECT_NE(test.inputs, train.inputs);
  EXPECT_EQ(test.vocabulary, 4);
}

/// An archive with a training set of two columns and three classes, and a test set.
std::string write_both(const TemporaryFolder& folder,
                       const std::vector<double>& x_test,
                       const std::vector<std::int64_t>& y_test) {
  const std::vector<double> x = {1, 7, 3, 7, 5, 7};
  const std::vector<std::int64_t> y = {0, 1, 2};
  const auto rows = static_cast<std::int64_t>(y_test.size());
  const auto file = folder / "own.npz";
  write_npz(file,
            {{"x", NdArray::of(std::span<const double>(x), {3, 2})},
             {"y", NdArray::of(std::span<const std::int64_t>(y), {3})},
             {"x_test", NdArray::of(std::span<const double>(x_test), {rows, 2})},
             {"y_test", NdArray::of(std::span<const std::int64_t>(y_test), {rows})}});
  return file.string();
}

TEST(TestDataset, IsStandardisedByTheTrainingSet) {
  const TemporaryFolder folder;
  const DatasetOptions options{.source = write_both(folder, {3, 8, 7, 7}, {1, 1}), .examples = 0};
  const Dataset train = load_dataset(options), test = load_test_dataset(options, train);
  const double deviation = std::sqrt(8.0 / 3);  // of 1, 3, 5
  EXPECT_THAT(test.inputs.as<double>(), ElementsAre(0, 1, 4 / deviation, 0));
  EXPECT_EQ(test.classes, 3);
  DatasetOptions plain = options;
  plain.standardize = false;
  const Dataset unscaled = load_test_dataset(plain, load_dataset(plain));
  EXPECT_THAT(unscaled.inputs.as<double>(), ElementsAre(3, 8, 7, 7));
}

TEST(TestDataset, KeepsTheClassesOfTheTrainingSet) {
  const TemporaryFolder folder;
  DatasetOptions options{.source = write_both(folder, {1, 1, 2, 2, 3, 3}, {2, 0, 1}),
                         .examples = 0,
                         .classes = 2,
                         .standardize = false};
  const Dataset test = load_test_dataset(options, load_dataset(options));
  EXPECT_THAT(test.labels.as<std::int64_t>(), ElementsAre(0, 1));
  EXPECT_EQ(test.classes, 2);
}

TEST(TestDataset, RefusesWhatDoesNotFit) {
  const TemporaryFolder folder;
  DatasetOptions options{.source = write_both(folder, {1, 1}, {4}), .examples = 0};
  const Dataset train = load_dataset(options);
  expect_bad_input([&] { load_test_dataset(options, train); }, {"label 4", "below 3"});
  Dataset other = train;
  other.inputs = NdArray(DType::kFloat64, {3, 5});
  expect_bad_input([&] { load_test_dataset(options, other); }, {"shape (2)", "shape (5)"});
  other = load_dataset({.source = "sorting"});
  expect_bad_input([&] { load_test_dataset(options, other); }, {"class labels", "sequences"});
  const Dataset few = load_dataset({.source = "sorting:3,4"});
  const DatasetOptions more{.source = "sorting:5,4"};
  expect_bad_input([&] { load_test_dataset(more, few); }, {"label 4", "below 3"});
}

TEST_F(FashionMnistDataset, HasATestSetOfTheSameShape) {
  const DatasetOptions options{.examples = 40, .classes = 4};
  const Dataset train = load_dataset(options), test = load_test_dataset(options, train);
  EXPECT_THAT(test.inputs.shape(), ElementsAre(40, 1, 28, 28));
  EXPECT_EQ(test.class_names, train.class_names);
  EXPECT_NE(test.inputs, train.inputs);
  std::vector<int> counts(4);
  for (const auto label : test.labels.as<std::int64_t>()) ++counts[static_cast<std::size_t>(label)];
  EXPECT_THAT(counts, Each(10));
}

TEST(Dataset, StandardisesOverTheKeptExamplesOnly) {
  const TemporaryFolder folder;
  const std::vector<double> values = {1, 100, 2, 3, 200, 4, 300, 5};
  const auto x = NdArray::of(std::span<const double>(values), {4, 2});
  const Dataset data = load_dataset({.source = write_arrays(folder, x), .examples = 2});
  EXPECT_THAT(data.rows, ElementsAre(0, 1));
  EXPECT_THAT(data.inputs.as<double>(), ElementsAre(-1, 1, 1, -1));
}

TEST(Dataset, RefusesOptionsThatMeanNothing) {
  EXPECT_THROW(load_dataset({.examples = -1}), InvalidArgument);
  EXPECT_THROW(load_dataset({.classes = 1}), InvalidArgument);
  EXPECT_THROW(load_dataset({.classes = -2}), InvalidArgument);
}

TEST(Dataset, NamesTheSourcesThereAre) {
  try {
    load_dataset({.source = "fashion_mnist"});
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("cifar10:DIR"));
    EXPECT_THAT(error.what(), HasSubstr("Did you mean 'fashion-mnist'?"));
  }
  EXPECT_THROW(load_dataset({.source = "absent.npz"}), BadInput);
}

}  // namespace
}  // namespace thalweg::data
