#include "data/arrays.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "data/data_files.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/npz.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

template <typename T>
NdArray array(const std::vector<T>& values, std::vector<std::int64_t> shape) {
  return NdArray::of(std::span<const T>(values), std::move(shape));
}

template <typename T>
NdArray vector(const std::vector<T>& values) {
  return array(values, {static_cast<std::int64_t>(values.size())});
}

const NdArray kLabels = vector<std::int64_t>({0, 1, 1});
const NdArray kTable = array<double>({1, 2, 3, 4, 5, 6}, {3, 2});
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Dataset read(const NamedArrays& arrays) {
  const TemporaryFolder folder;
  write_npz(folder / "own.npz", arrays);
  return read_arrays(folder / "own.npz");
}

Dataset read(const NdArray& x, const NdArray& y) { return read({{"x", x}, {"y", y}}); }

std::string log_of_reading(const NamedArrays& arrays) {
  const TemporaryFolder folder;
  set_log_file(folder / "log.txt");
  read(arrays);
  set_log_file("");
  return read_text(folder / "log.txt");
}

TEST(Arrays, KeepsFloat64AndReadsLabels) {
  const Dataset data = read(kTable, kLabels);
  EXPECT_EQ(data.inputs, kTable);
  EXPECT_EQ(data.labels, kLabels);
  EXPECT_EQ(data.classes, 2);
  EXPECT_TRUE(data.class_names.empty());
  EXPECT_THAT(data.name, HasSubstr("own.npz"));
}

TEST(Arrays, ConvertsOtherInputsToFloat32Unscaled) {
  const auto expected = array<float>({0, 1, 255, 7, 8, 9}, {3, 2});
  EXPECT_EQ(read(array<std::uint8_t>({0, 1, 255, 7, 8, 9}, {3, 2}), kLabels).inputs, expected);
  EXPECT_EQ(read(array<std::int16_t>({0, 1, 255, 7, 8, 9}, {3, 2}), kLabels).inputs, expected);
  EXPECT_EQ(read(expected, kLabels).inputs, expected);
}

TEST(Arrays, KeepsIntegerTablesAsTokens) {
  const auto tokens = array<std::int64_t>({4, 5, 6, 7, 8, 9}, {3, 2});
  EXPECT_EQ(read(tokens, kLabels).inputs, tokens);
  EXPECT_EQ(read(tokens.to(DType::kInt32), kLabels).inputs, tokens);
  const auto images = array<std::int64_t>({4, 5, 6}, {3, 1, 1});
  EXPECT_EQ(read(images, kLabels).inputs, images.to(DType::kFloat32));
}

TEST(Arrays, ReadsAVectorOfInputsAsOneColumn) {
  EXPECT_EQ(read(vector<double>({1, 2, 3}), kLabels).inputs, array<double>({1, 2, 3}, {3, 1}));
  EXPECT_EQ(read(vector<std::int64_t>({1, 2, 3}), kLabels).inputs, array<float>({1, 2, 3}, {3, 1}));
}

TEST(Arrays, AcceptsEveryIntegerTypeAndBooleansAsLabels) {
  for (const DType dtype :
       {DType::kBool, DType::kInt8, DType::kUInt8, DType::kInt16, DType::kInt32, DType::kInt64})
    EXPECT_EQ(read(kTable, kLabels.to(dtype)).labels, kLabels) << dtype_name(dtype);
}

TEST(Arrays, ReadsRealTargetsOfOneOrSeveralColumns) {
  const Dataset one = read(kTable, vector<float>({0.5F, -1, 2}));
  EXPECT_EQ(one.targets, array<double>({0.5, -1, 2}, {3, 1}));
  EXPECT_EQ(one.classes, 0);
  EXPECT_EQ(one.outputs(), 1);
  const auto two = array<double>({0.5, 1, 2, 3, 4, 5}, {3, 2});
  EXPECT_EQ(read(kTable, two).targets, two);
}

TEST(Arrays, SaysWhichArraysThereAreWhenOneIsMissing) {
  expect_bad_input(
      [] {
        read({{"x", kTable}, {"labels", kLabels}});
      },
      {"own.npz", "no array `y`", "labels, x", "numpy.savez"});
  expect_bad_input([] { read({{"y", kLabels}}); }, {"no array `x`"});
}

TEST(Arrays, IgnoresOtherArraysAndSaysSo) {
  const auto log = log_of_reading({{"x", kTable}, {"y", kLabels}, {"weights", kTable}});
  EXPECT_THAT(log, HasSubstr("ignored: weights"));
}

TEST(Arrays, DoesNotLookAtOtherArrays) {
  // Names of columns, for example, are saved as an array of Python objects, which is never read.
  const TemporaryFolder folder;
  const auto names = vector<std::int8_t>({1, 2});
  write_npz(folder / "own.npz", {{"x", kTable}, {"y", kLabels}, {"names", names}});
  std::string bytes = read_text(folder / "own.npz");
  bytes.replace(bytes.find("|i1"), 3, "|O1");
  const auto file = write_text(folder / "objects.npz", bytes);
  EXPECT_THROW(read_npz(file), BadInput);
  EXPECT_EQ(read_arrays(file).inputs, kTable);
}

TEST(Arrays, NamesThePlaceOfWhatIsNotFinite) {
  const auto with_nan = array<double>({1, 2, 3, 4, 5, kNan}, {3, 2});
  expect_bad_input([&] { read(with_nan, kLabels); },
                   {"array x", "row 2, column 1", "nan", "numpy.nan_to_num"});
  const auto infinity = -std::numeric_limits<float>::infinity();
  expect_bad_input(
      [&] {
        read(array<float>({1, 2, infinity, 4, 5, 6}, {3, 1, 2}), kLabels);
      },
      {"array x", "row 1, index (0, 0)", "-inf"});
  expect_bad_input([] { read(kTable, vector<double>({0, kNan, 1})); }, {"array y", "row 1 is nan"});
}

TEST(Arrays, RefusesDifferentLengthsAndEmptyArrays) {
  expect_bad_input([] { read(kTable, vector<std::int64_t>({0, 1})); }, {"array y", "2 rows", "3"});
  expect_bad_input(
      [] {
        read(NdArray(DType::kFloat64, {0, 4}), vector<std::int64_t>({}));
      },
      {"array x", "(0, 4)"});
  expect_bad_input([] { read(NdArray(DType::kFloat64, {3, 0}), kLabels); }, {"(3, 0)"});
  expect_bad_input([] { read(NdArray::scalar(1.0), kLabels); }, {"array x", "()"});
}

TEST(Arrays, RefusesLabelsThatAreNotClasses) {
  expect_bad_input(
      [] {
        read(kTable, vector<std::int64_t>({0, -1, 1}));
      },
      {"array y", "label -1 in row 1", "numpy.unique"});
  expect_bad_input(
      [] {
        read(kTable, vector<std::int64_t>({0, 1, std::int64_t{1} << 40}));
      },
      {"label 1099511627776 in row 2"});
  expect_bad_input([] { read(kTable, vector<std::int64_t>({0, 0, 0})); }, {"every label is 0"});
  expect_bad_input(
      [] {
        read(kTable, array<std::int64_t>({0, 1, 1}, {3, 1}));
      },
      {"int64 of shape (3, 1)", "y.ravel()"});
}

TEST(Arrays, KnowsOneHotLabels) {
  expect_bad_input(
      [] {
        read(kTable, array<std::int64_t>({0, 1, 1, 0, 0, 1}, {3, 2}));
      },
      {"int64 of shape (3, 2)", "one-hot", "y.argmax(axis=1)"});
  expect_bad_input(
      [] {
        read(kTable, array<std::int64_t>({0, 1, 1, 1, 0, 1}, {3, 2}));
      },
      {"y.astype(float)"});
}

const NdArray kTokens = array<std::int64_t>({0, 3, 1, 2, 2, 0}, {2, 3});

TEST(Arrays, ReadsSequencesOfTokensWithALabelAtEachPosition) {
  const auto labels = array<std::int64_t>({-1, 1, 5, -1, 0, 1}, {2, 3});
  for (const DType dtype : {DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64}) {
    const Dataset data = read(kTokens.to(dtype), labels.to(dtype));
    EXPECT_EQ(data.inputs, kTokens);
    EXPECT_EQ(data.labels, labels);
    EXPECT_EQ(data.classes, 6);
    EXPECT_EQ(data.vocabulary, 6);
    EXPECT_TRUE(data.has_sequences());
  }
  EXPECT_EQ(read(kTokens, array<std::int64_t>({0, 1, 0, 1, 0, 1}, {2, 3})).vocabulary, 4);
}

TEST(Arrays, RefusesSequencesOutOfRange) {
  const auto labels = array<std::int64_t>({0, 1, 0, 1, 0, 1}, {2, 3});
  expect_bad_input(
      [&] {
        read(array<std::int64_t>({0, 3, 1, 2, -2, 0}, {2, 3}), labels);
      },
      {"array x", "row 1, column 1 is -2", "tokens are 0, 1, 2"});
  const std::int64_t huge = std::int64_t{1} << 40;
  expect_bad_input(
      [&] {
        read(array<std::int64_t>({0, 3, huge, 2, 2, 0}, {2, 3}), labels);
      },
      {"array x", "row 0, column 2 is 1099511627776", "below 1048576"});
  expect_bad_input(
      [&] {
        read(kTokens, array<std::int64_t>({0, 1, 0, 1, 0, -2}, {2, 3}));
      },
      {"array y", "row 1, column 2 is -2", "-1 where a position does not count"});
  expect_bad_input(
      [&] {
        read(kTokens, array<std::int64_t>({0, 1, 0, 1, 0, huge}, {2, 3}));
      },
      {"array y", "1099511627776"});
  expect_bad_input(
      [&] {
        read(kTokens, array<std::int64_t>({-1, -1, -1, -1, -1, -1}, {2, 3}));
      },
      {"every label is -1"});
  expect_bad_input(
      [&] {
        read(kTokens, array<std::int64_t>({-1, 0, 0, -1, 0, 0}, {2, 3}));
      },
      {"every label that counts is 0"});
  expect_bad_input(
      [&] {
        read(kTokens, array<std::int64_t>({0, 2, 0, 1}, {2, 2}));
      },
      {"int64 of shape (2, 2)", "integers x of the same shape", "astype(float)"});
}

TEST(Arrays, ReadsTheTestSetFromArraysOfItsOwn) {
  const TemporaryFolder folder;
  const auto file = folder / "own.npz";
  const auto x = array<double>({9, 8}, {1, 2});
  write_npz(file,
            {{"x", kTable}, {"y", kLabels}, {"x_test", x}, {"y_test", vector<std::int64_t>({0})}});
  const Dataset data = read_arrays(file, Split::kTest);
  EXPECT_EQ(data.inputs, x);
  EXPECT_EQ(data.labels, vector<std::int64_t>({0}));
  EXPECT_EQ(read_arrays(file).inputs, kTable);
}

TEST(Arrays, SaysWhenThereIsNoTestSet) {
  const TemporaryFolder folder;
  const auto file = folder / "own.npz";
  write_npz(file, {{"x", kTable}, {"y", kLabels}});
  expect_bad_input([&] { read_arrays(file, Split::kTest); },
                   {"own.npz", "no test set", "`x_test`", "it has: x, y", "numpy.savez"});
}

TEST(Arrays, RefusesTargetsOfRankThree) {
  expect_bad_input([] { read(kTable, array<double>({1, 2, 3}, {3, 1, 1})); }, {"(3, 1, 1)"});
}

TEST(Arrays, WarnsAboutClassesWithoutExamples) {
  const auto log = log_of_reading({{"x", kTable}, {"y", vector<std::int64_t>({0, 2, 4})}});
  EXPECT_THAT(log, HasSubstr("2 of the classes 0..4 have no examples (the first is 1)"));
}

TEST(Arrays, MentionsWholeNumbersTakenAsTargets) {
  const auto log = log_of_reading({{"x", kTable}, {"y", vector<double>({0, 1, 1})}});
  EXPECT_THAT(log, HasSubstr("y.astype(int)"));
}

}  // namespace
}  // namespace thalweg::data
