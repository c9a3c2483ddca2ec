#include "data/sorting.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

using Tokens = std::vector<std::int64_t>;

Tokens row_of(const NdArray& array, std::int64_t row) {
  const std::int64_t length = array.shape()[1];
  const auto values = array.as<std::int64_t>();
  return {values.begin() + row * length, values.begin() + (row + 1) * length};
}

TEST(Sorting, LabelsAreTheSortedInputsBehindAMask) {
  const Dataset data = draw_sorting("sorting", 50, Key{1}, Split::kTrain);
  EXPECT_THAT(data.inputs.shape(), ElementsAre(50, 15));
  EXPECT_THAT(data.labels.shape(), ElementsAre(50, 15));
  EXPECT_EQ(data.classes, 4);
  EXPECT_EQ(data.vocabulary, 4);
  EXPECT_TRUE(data.has_sequences());
  for (std::int64_t row = 0; row < 50; ++row) {
    const Tokens input = row_of(data.inputs, row), label = row_of(data.labels, row);
    Tokens sorted(input.begin(), input.begin() + 8);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t t = 0; t < 7; ++t) EXPECT_EQ(label[t], -1);
    EXPECT_EQ(Tokens(label.begin() + 7, label.end()), sorted);
    // From there on each input is the label before it.
    EXPECT_EQ(Tokens(input.begin() + 8, input.end()), Tokens(sorted.begin(), sorted.end() - 1));
  }
}

TEST(Sorting, TokensAreUniform) {
  // 8000 tokens of 4: each count has standard deviation sqrt(8000 * 3/16) = 38.7. Five of them: a
  // false alarm in 400,000.
  const Dataset data = draw_sorting("sorting", 1000, Key{2}, Split::kTrain);
  std::vector<int> counts(4);
  for (std::int64_t row = 0; row < 1000; ++row) {
    const Tokens input = row_of(data.inputs, row);
    for (std::size_t t = 0; t < 8; ++t) ++counts[static_cast<std::size_t>(input[t])];
  }
  for (const int count : counts) EXPECT_NEAR(count, 2000, 5 * 38.7);
}

TEST(Sorting, IsKeyedRowByRow) {
  const Dataset data = draw_sorting("sorting:7,5", 20, Key{1}, Split::kTrain);
  EXPECT_EQ(draw_sorting("sorting:7,5", 20, Key{1}, Split::kTrain).inputs, data.inputs);
  EXPECT_NE(draw_sorting("sorting:7,5", 20, Key{2}, Split::kTrain).inputs, data.inputs);
  EXPECT_NE(draw_sorting("sorting:7,5", 20, Key{1}, Split::kTest).inputs, data.inputs);
  const Dataset more = draw_sorting("sorting:7,5", 30, Key{1}, Split::kTrain);
  EXPECT_EQ(row_of(more.inputs, 19), row_of(data.inputs, 19));
}

TEST(Sorting, TakesOtherSizes) {
  const Dataset data = draw_sorting("sorting:9,1", 3, Key{1}, Split::kTrain);
  EXPECT_THAT(data.inputs.shape(), ElementsAre(3, 1));
  EXPECT_EQ(data.labels, data.inputs);
  EXPECT_EQ(data.vocabulary, 9);
}

TEST(Sorting, RefusesSizesThatMeanNothing) {
  const auto message = [](const std::string& source, std::int64_t examples) {
    return message_of<InvalidArgument>(
        [&] { draw_sorting(source, examples, Key{1}, Split::kTrain); });
  };
  EXPECT_THAT(message("sorting:4", 10), HasSubstr("as sorting:4,8"));
  EXPECT_THAT(message("sorting:4,8,2", 10), HasSubstr("as sorting:4,8"));
  EXPECT_THAT(message("sorting:1,8", 10), HasSubstr("got 1 and 8"));
  EXPECT_THAT(message("sorting:4,0", 10), HasSubstr("got 4 and 0"));
  EXPECT_THAT(message("sorting:4,x", 10), HasSubstr("x"));
  EXPECT_THAT(message("sorting", 0), HasSubstr("say at least 1"));
  EXPECT_THAT(message("sorting:4,60000", std::int64_t{1} << 40), HasSubstr("too many"));
}

TEST(Sorting, IsNamedWithOrWithoutSizes) {
  EXPECT_TRUE(names_sorting("sorting"));
  EXPECT_TRUE(names_sorting("sorting:4,8"));
  EXPECT_FALSE(names_sorting("sorting.npz"));
}

}  // namespace
}  // namespace thalweg::data
