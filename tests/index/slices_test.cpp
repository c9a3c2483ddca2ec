#include "thalweg/index/slices.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::index {
namespace {

std::vector<int> sizes(const Slices& slices) {
  std::vector<int> result(static_cast<std::size_t>(slices.count), 0);
  for (const int label : slices.labels) ++result[static_cast<std::size_t>(label)];
  return result;
}

std::vector<double> normals(std::size_t n) {
  std::vector<double> y(n);
  fill_normal(std::span<double>(y), Key{71});
  return y;
}

TEST(Slices, HaveEqualMass) {
  EXPECT_EQ(sizes(slices_of(normals(100), 10)), std::vector<int>(10, 10));
  EXPECT_EQ(sizes(slices_of(normals(103), 10)),
            (std::vector<int>{11, 11, 11, 10, 10, 10, 10, 10, 10, 10}));
  EXPECT_EQ(sizes(slices_of(normals(5), 5)), std::vector<int>(5, 1));
}

TEST(Slices, AscendWithTheResponse) {
  const std::vector<double> y = normals(200);
  const Slices slices = slices_of(y, 7);
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < y.size(); ++j) {
      if (slices.labels[i] < slices.labels[j]) {
        EXPECT_LT(y[i], y[j]);
      }
    }
  }
}

TEST(Slices, KeepAnAtomTogether) {
  std::vector<double> y = normals(1000);  // half of them 0 after relu
  for (double& value : y) value = std::max(0.0, value);
  const auto zeros = static_cast<int>(std::count(y.begin(), y.end(), 0.0));
  const std::vector<int> found = sizes(slices_of(y, 10));
  ASSERT_EQ(found.size(), 10);
  EXPECT_EQ(found[0], zeros);
  for (std::size_t i = 1; i < 10; ++i) EXPECT_NEAR(found[i], (1000 - zeros) / 9.0, 1);
}

TEST(Slices, AnAtomInTheMiddleIsASliceOfItsOwn) {
  std::vector<double> y = normals(1000);
  for (double& value : y)
    if (std::abs(value) < 0.5) value = 0;
  const Slices slices = slices_of(y, 10);
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < y.size(); ++j) {
      if (y[i] == 0) {
        EXPECT_EQ(slices.labels[i] == slices.labels[j], y[j] == 0);
      }
    }
  }
}

TEST(Slices, AreTheValuesOfADiscreteResponse) {
  const std::vector<double> y = {3, -1, 3, 7, -1, 3};
  EXPECT_EQ(slices_of(y, 3).labels, (std::vector<int>{1, 0, 1, 2, 0, 1}));
  EXPECT_EQ(sizes(slices_of(std::vector<double>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 5)),
            (std::vector<int>{9, 1}));
}

TEST(Slices, DoNotChangeUnderAMonotoneMap) {
  std::vector<double> y = normals(500), mapped = y;
  for (double& value : mapped) value = std::exp(3 * value);
  EXPECT_EQ(slices_of(y, 8).labels, slices_of(mapped, 8).labels);
}

TEST(Slices, NameWhatIsWrong) {
  const auto message = [](auto f) { return testing::message_of<InvalidArgument>(f); };
  EXPECT_EQ(message([] {
              slices_of(std::vector<double>{1, 2, 3}, 1);
            }),
            "[index::slices_of] the number of slices must be 2 to the 3 rows; got 1.");
  EXPECT_EQ(message([] {
              slices_of(std::vector<double>{1, 2, 3}, 4);
            }),
            "[index::slices_of] the number of slices must be 2 to the 3 rows; got 4.");
  EXPECT_EQ(message([] {
              slices_of(std::vector<double>{2, 2, 2}, 2);
            }),
            "[index::slices_of] the response does not vary, so that no direction can drive it.");
}

}  // namespace
}  // namespace thalweg::index
