#include "data/standardize.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "data/data_files.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::data {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

NdArray random_inputs(std::vector<std::int64_t> shape, double offset) {
  NdArray inputs(DType::kFloat64, std::move(shape));
  const auto values = inputs.as<double>();
  fill_normal(values, Key{3});
  for (double& value : values) value = offset + 2 * value;
  return inputs;
}

/// The plain twin: gathers one channel at a time and sums in long double.
NdArray standardized_naively(const NdArray& inputs) {
  NdArray result = inputs;
  const auto n = inputs.shape()[0];
  const auto channels = inputs.shape()[1];
  const auto pixels = inputs.size() / (n * channels);
  const auto values = result.as<double>();
  for (std::int64_t c = 0; c < channels; ++c) {
    std::vector<double*> channel;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t p = 0; p < pixels; ++p)
        channel.push_back(&values[static_cast<std::size_t>((i * channels + c) * pixels + p)]);
    long double mean = 0;
    long double variance = 0;
    for (const double* value : channel) mean += *value / static_cast<long double>(channel.size());
    for (const double* value : channel)
      variance += (*value - mean) * (*value - mean) / static_cast<long double>(channel.size());
    for (double* value : channel)
      *value = static_cast<double>((*value - mean) / std::sqrt(variance));
  }
  return result;
}

TEST(Standardize, IsExactOnTwoValues) {
  // +-1 about a mean: the population deviation is exactly 1.
  auto inputs = NdArray::of(std::span<const double>(std::vector<double>{4, 10, 6, 14}), {2, 2});
  standardize(inputs, "own");
  EXPECT_THAT(inputs.as<double>(), ElementsAre(-1, -1, 1, 1));
}

TEST(Standardize, AppliesTheStatisticsOfOtherInputs) {
  auto train = NdArray::of(std::span<const double>(std::vector<double>{4, 7, 6, 7}), {2, 2});
  const ChannelStatistics statistics = standardize(train, "own");
  EXPECT_THAT(statistics.mean, ElementsAre(5, 7));
  EXPECT_THAT(statistics.deviation, ElementsAre(1, 0));
  NdArray test(DType::kFloat32, {1, 2});
  test.as<float>()[0] = 8;
  test.as<float>()[1] = 9;
  standardize_by(test, statistics);
  EXPECT_THAT(test.as<float>(), ElementsAre(3, 2));
}

TEST(Standardize, AgreesWithTheNaiveTwin) {
  // Summing n terms in double about the first value: error below n eps of the deviation, which the
  // offset over the deviation (500) amplifies in the values themselves.
  for (const auto& shape : {std::vector<std::int64_t>{7, 5}, {6, 3, 4, 2}, {5, 2, 9}}) {
    auto inputs = random_inputs(shape, 1000);
    const auto expected = standardized_naively(inputs);
    standardize(inputs, "own");
    for (std::size_t i = 0; i < inputs.as<double>().size(); ++i)
      EXPECT_NEAR(inputs.as<double>()[i],
                  expected.as<double>()[i],
                  500 * 54 * std::numeric_limits<double>::epsilon());
  }
}

TEST(Standardize, SumsFloat32InDouble) {
  // Half the values are 0 and half v, so the mean and the deviation are v / 2 exactly. Summed in
  // float32, half a million times 0.1 is off by more than 0.1%.
  NdArray inputs(DType::kFloat32, {1 << 18, 1, 4});
  const auto values = inputs.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 0.0F : 0.1F;
  standardize(inputs, "own");
  EXPECT_NEAR(values[0], -1, 1e-6);
  EXPECT_NEAR(values[1], 1, 1e-6);
}

TEST(Standardize, TurnsAConstantChannelIntoExactZeros) {
  // 0.1 is not a binary fraction: the mean of 49 copies summed naively differs from it.
  NdArray inputs(DType::kFloat64, {49, 1});
  for (double& value : inputs.as<double>()) value = 0.1;
  standardize(inputs, "own");
  EXPECT_THAT(inputs.as<double>(), Each(0));
}

TEST(Standardize, NamesAChannelThatOverflows) {
  auto inputs =
      NdArray::of(std::span<const double>(std::vector<double>{0, 1e300, 1, -1e300}), {2, 2});
  expect_bad_input([&] { standardize(inputs, "own"); }, {"own", "channel (column) 1", "Rescale"});
}

}  // namespace
}  // namespace thalweg::data
