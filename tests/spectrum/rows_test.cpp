#include "spectrum/kernels/rows.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "thalweg/base/random.hpp"

namespace thalweg::spectrum::kernels {
namespace {

template <typename T>
class RowsTest : public ::testing::Test {
 protected:
  /// `count` rows of n normal numbers, each starting `shift` elements into its buffer.
  std::vector<std::vector<T>> rows(std::size_t count, std::size_t n, std::uint64_t stream) {
    std::vector<std::vector<T>> result(count, std::vector<T>(n));
    for (std::size_t i = 0; i < count; ++i) {
      fill_normal(result[i], Key{stream, i});
    }
    return result;
  }
  static std::vector<const T*> inputs(const std::vector<std::vector<T>>& rows, std::size_t shift) {
    std::vector<const T*> result;
    for (const auto& row : rows) {
      result.push_back(row.data() + shift);
    }
    return result;
  }
};

using Scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RowsTest, Scalars);

// Around every edge: lanes, two vectors, a stretch.
constexpr std::size_t kLengths[] = {1, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 511, 512, 513, 5000};

TYPED_TEST(RowsTest, InnerProductsEqualSumsInDouble) {
  for (const std::size_t n : kLengths) {
    for (const std::size_t a_rows : {1, 2, 3, 5}) {
      for (const std::size_t b_rows : {1, 2, 3, 4, 7}) {
        const auto a_data = this->rows(a_rows, n + 1, 1);
        const auto b_data = this->rows(b_rows, n + 1, 2);
        const auto a = this->inputs(a_data, 1);
        const auto b = this->inputs(b_data, 1);
        std::vector<double> products(a_rows * b_rows, -1);
        inner_products(a, b, n, false, products.data());
        for (std::size_t i = 0; i < a_rows; ++i) {
          for (std::size_t j = 0; j < b_rows; ++j) {
            double sum = 0;
            double magnitude = 0;
            for (std::size_t e = 0; e < n; ++e) {
              sum += double{a[i][e]} * b[j][e];
              magnitude += std::abs(double{a[i][e]} * b[j][e]);
            }
            EXPECT_NEAR(products[i * b_rows + j],
                        sum,
                        4 * std::numeric_limits<TypeParam>::epsilon() * magnitude)
                << "n = " << n << ", (" << i << ", " << j << ") of " << a_rows << " x " << b_rows;
          }
        }
      }
    }
  }
}

TYPED_TEST(RowsTest, UpperHalfEqualsTheWhole) {
  for (const std::size_t count : {1, 2, 3, 4, 5, 6, 7, 12}) {
    const auto data = this->rows(count, 300, 3);
    const auto a = this->inputs(data, 0);
    std::vector<double> whole(count * count);
    std::vector<double> half(count * count);
    inner_products(a, a, 300, false, whole.data());
    inner_products(a, a, 300, true, half.data());
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = i; j < count; ++j) {
        EXPECT_EQ(half[i * count + j], whole[i * count + j]) << i << ", " << j << " of " << count;
      }
    }
  }
}

TYPED_TEST(RowsTest, CombineEqualsSumsInDouble) {
  for (const std::size_t n : kLengths) {
    for (const std::size_t in_rows : {1, 2, 5}) {
      for (const std::size_t out_rows : {1, 3, 4, 5, 8}) {
        const auto data = this->rows(in_rows, n + 1, 4);
        const auto in = this->inputs(data, 1);
        const auto c = this->rows(1, in_rows * out_rows, 5).front();
        std::vector<std::vector<TypeParam>> out_data(out_rows, std::vector<TypeParam>(n + 1));
        std::vector<TypeParam*> out;
        for (auto& row : out_data) {
          out.push_back(row.data());
        }
        combine(in, c.data(), n, out);
        for (std::size_t i = 0; i < out_rows; ++i) {
          for (std::size_t e = 0; e < n; ++e) {
            double sum = 0;
            double magnitude = 0;
            for (std::size_t j = 0; j < in_rows; ++j) {
              sum += double{c[i * in_rows + j]} * in[j][e];
              magnitude += std::abs(double{c[i * in_rows + j]} * in[j][e]);
            }
            ASSERT_NEAR(out[i][e], sum, 8 * std::numeric_limits<TypeParam>::epsilon() * magnitude);
          }
          EXPECT_EQ(out_data[i][n], 0) << "wrote past the end";
        }
      }
    }
  }
}

}  // namespace
}  // namespace thalweg::spectrum::kernels
