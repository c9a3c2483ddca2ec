#include "thalweg/base/ndarray.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

NdArray counting(std::vector<std::int64_t> shape) {
  NdArray array(DType::kInt32, std::move(shape));
  std::int32_t next = 0;
  for (std::int32_t& value : array.as<std::int32_t>()) {
    value = next++;
  }
  return array;
}

TEST(NdArray, StartsEmptyOrZeroed) {
  EXPECT_EQ(NdArray().size(), 0);
  EXPECT_THAT(NdArray().shape(), ElementsAre(0));
  const NdArray zeros(DType::kFloat32, {2, 3});
  EXPECT_EQ(zeros.bytes().size(), 24U);
  EXPECT_THAT(zeros.as<float>(), testing::Each(0.0F));
}

TEST(NdArray, CountsElementsOfAnyRank) {
  EXPECT_EQ(NdArray(DType::kInt8, {}).size(), 1);
  EXPECT_EQ(NdArray(DType::kInt8, {5, 0, 7}).size(), 0);
  EXPECT_EQ(NdArray(DType::kInt8, {5, 4, 7}).size(), 140);
}

TEST(NdArray, RefusesImpossibleShapes) {
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW(NdArray(DType::kInt8, {-1}), InvalidArgument);
  EXPECT_THROW(NdArray(DType::kInt8, {kHuge}), InvalidArgument);
  EXPECT_THROW(NdArray(DType::kInt8, {0, kHuge}), InvalidArgument);
  EXPECT_THROW(NdArray(DType::kInt8, {std::int64_t{1} << 32, std::int64_t{1} << 32}),
               InvalidArgument);
  EXPECT_THROW(NdArray(DType::kFloat64, {(std::int64_t{1} << 45) + 1}), InvalidArgument);
}

TEST(NdArray, HoldsWhatItWasMadeOf) {
  const std::vector<double> values = {1.5, -2, 3, 4, 5, 6};
  const auto array = NdArray::of<double>(values, {2, 3});
  EXPECT_THAT(array.as<double>(), testing::ElementsAreArray(values));
  EXPECT_EQ(NdArray::scalar<std::int64_t>(7).item<std::int64_t>(), 7);
  EXPECT_EQ(NdArray::scalar(true).item<bool>(), true);
  EXPECT_EQ(NdArray::text("größer").to_text(), "größer");
  EXPECT_EQ(NdArray::text("").to_text(), "");
}

TEST(NdArray, RefusesWrongTypeAndLength) {
  const auto array = counting({2, 3});
  EXPECT_THAT([&] { (void)array.as<float>(); },
              ThrowsMessage<InvalidArgument>(HasSubstr("holds int32, not float32")));
  EXPECT_THAT([&] { (void)array.item<std::int32_t>(); },
              ThrowsMessage<InvalidArgument>(HasSubstr("shape (2, 3) has 6 elements, not 1")));
  const std::vector<float> five(5);
  EXPECT_THROW(NdArray::of<float>(five, {2, 3}), InvalidArgument);
}

TEST(NdArray, ConvertsEveryElement) {
  const std::vector<double> values = {0, 1.75, -3.25};
  const auto array = NdArray::of<double>(values, {3});
  EXPECT_THAT(array.to(DType::kInt64).as<std::int64_t>(), ElementsAre(0, 1, -3));
  EXPECT_THAT(array.to(DType::kFloat32).as<float>(), ElementsAre(0, 1.75F, -3.25F));
  EXPECT_THAT(array.to(DType::kBool).as<bool>(), ElementsAre(false, true, true));
  EXPECT_EQ(array.to(DType::kFloat64), array);
}

TEST(NdArray, TakesRowsInAnyOrderAndMoreThanOnce) {
  const std::vector<std::int64_t> rows = {2, 0, 2};
  EXPECT_THAT(counting({3, 2}).take(rows).as<std::int32_t>(), ElementsAre(4, 5, 0, 1, 4, 5));
  EXPECT_THAT(counting({3, 2}).take({}).shape(), ElementsAre(0, 2));
  EXPECT_THAT(counting({3, 0}).take(rows).shape(), ElementsAre(3, 0));
}

TEST(NdArray, RefusesRowsOutsideOfIt) {
  const std::vector<std::int64_t> beyond = {3};
  const std::vector<std::int64_t> before = {-1};
  EXPECT_THAT(
      [&] {
        (void)counting({3, 2}).take(beyond);
      },
      ThrowsMessage<InvalidArgument>(HasSubstr("0..2; got 3")));
  EXPECT_THROW((void)counting({3, 2}).take(before), InvalidArgument);
  EXPECT_THROW((void)counting({}).take(before), InvalidArgument);
}

TEST(NdArray, ComparesTypeShapeAndBits) {
  EXPECT_EQ(counting({2, 3}), counting({2, 3}));
  EXPECT_NE(counting({2, 3}), counting({3, 2}));
  EXPECT_NE(NdArray(DType::kInt32, {2}), NdArray(DType::kFloat32, {2}));
  const auto nan = NdArray::scalar(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(nan, nan);
}

TEST(ShapeText, ReadsLikeATuple) {
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{}), "()");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{3}), "(3)");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{3, 28, 28}), "(3, 28, 28)");
}

TEST(DTypeName, IsNumPys) {
  EXPECT_EQ(dtype_name(DType::kBool), "bool");
  EXPECT_EQ(dtype_name(DType::kUInt8), "uint8");
  EXPECT_EQ(dtype_name(DType::kFloat64), "float64");
}

}  // namespace
}  // namespace thalweg
