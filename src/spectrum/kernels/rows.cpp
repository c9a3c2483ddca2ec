#include "spectrum/kernels/rows.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "spectrum/kernels/rows.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thalweg::spectrum::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows are walked in stretches of this many elements, which stay in the cache while every pair of
// rows meets.
constexpr std::size_t kStretch = 512;

/// Adds the inner products of two rows a with three rows b over n elements.
template <typename T>
HWY_INLINE void add_products_2x3(const T* HWY_RESTRICT a0,
                                 const T* HWY_RESTRICT a1,
                                 const T* HWY_RESTRICT b0,
                                 const T* HWY_RESTRICT b1,
                                 const T* HWY_RESTRICT b2,
                                 std::size_t n,
                                 double* HWY_RESTRICT sums) {
  const hn::ScalableTag<T> d;
  auto s00 = hn::Zero(d), s01 = hn::Zero(d), s02 = hn::Zero(d);
  auto s10 = hn::Zero(d), s11 = hn::Zero(d), s12 = hn::Zero(d);
  std::size_t e = 0;
  for (; e + hn::Lanes(d) <= n; e += hn::Lanes(d)) {
    const auto x0 = hn::LoadU(d, a0 + e);
    const auto x1 = hn::LoadU(d, a1 + e);
    const auto y0 = hn::LoadU(d, b0 + e);
    const auto y1 = hn::LoadU(d, b1 + e);
    const auto y2 = hn::LoadU(d, b2 + e);
    s00 = hn::MulAdd(x0, y0, s00);
    s01 = hn::MulAdd(x0, y1, s01);
    s02 = hn::MulAdd(x0, y2, s02);
    s10 = hn::MulAdd(x1, y0, s10);
    s11 = hn::MulAdd(x1, y1, s11);
    s12 = hn::MulAdd(x1, y2, s12);
  }
  const auto total = [d](auto v) { return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v))); };
  sums[0] += total(s00);
  sums[1] += total(s01);
  sums[2] += total(s02);
  sums[3] += total(s10);
  sums[4] += total(s11);
  sums[5] += total(s12);
  for (; e < n; ++e) {
    sums[0] += double{a0[e]} * b0[e];
    sums[1] += double{a0[e]} * b1[e];
    sums[2] += double{a0[e]} * b2[e];
    sums[3] += double{a1[e]} * b0[e];
    sums[4] += double{a1[e]} * b1[e];
    sums[5] += double{a1[e]} * b2[e];
  }
}

template <typename T>
void inner_products_of(std::span<const T* const> a,
                       std::span<const T* const> b,
                       std::size_t n,
                       bool upper_half,
                       double* products) {
  const std::size_t rows = a.size();
  const std::size_t columns = b.size();
  std::fill(products, products + rows * columns, 0.0);
  for (std::size_t begin = 0; begin < n; begin += kStretch) {
    const std::size_t length = std::min(kStretch, n - begin);
    for (std::size_t i = 0; i < rows; i += 2) {
      // A block that sticks out repeats the last row; the copies are dropped below.
      const T* a0 = a[i] + begin;
      const T* a1 = a[std::min(i + 1, rows - 1)] + begin;
      for (std::size_t j = upper_half ? i / 3 * 3 : 0; j < columns; j += 3) {
        const T* b0 = b[j] + begin;
        const T* b1 = b[std::min(j + 1, columns - 1)] + begin;
        const T* b2 = b[std::min(j + 2, columns - 1)] + begin;
        double sums[6] = {};
        add_products_2x3(a0, a1, b0, b1, b2, length, sums);
        for (std::size_t r = 0; r < std::min<std::size_t>(2, rows - i); ++r) {
          for (std::size_t c = 0; c < std::min<std::size_t>(3, columns - j); ++c) {
            products[(i + r) * columns + j + c] += sums[3 * r + c];
          }
        }
      }
    }
  }
}

/// Four output rows over elements [begin, end).
template <typename T>
HWY_INLINE void combine_4(std::span<const T* const> rows,
                          const T* const* coefficients,
                          std::size_t begin,
                          std::size_t end,
                          T* const* out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t e = begin;
  for (; e + 2 * lanes <= end; e += 2 * lanes) {
    auto s00 = hn::Zero(d), s01 = hn::Zero(d), s10 = hn::Zero(d), s11 = hn::Zero(d);
    auto s20 = hn::Zero(d), s21 = hn::Zero(d), s30 = hn::Zero(d), s31 = hn::Zero(d);
    for (std::size_t j = 0; j < rows.size(); ++j) {
      const auto x0 = hn::LoadU(d, rows[j] + e);
      const auto x1 = hn::LoadU(d, rows[j] + e + lanes);
      const auto c0 = hn::Set(d, coefficients[0][j]);
      const auto c1 = hn::Set(d, coefficients[1][j]);
      const auto c2 = hn::Set(d, coefficients[2][j]);
      const auto c3 = hn::Set(d, coefficients[3][j]);
      s00 = hn::MulAdd(c0, x0, s00);
      s01 = hn::MulAdd(c0, x1, s01);
      s10 = hn::MulAdd(c1, x0, s10);
      s11 = hn::MulAdd(c1, x1, s11);
      s20 = hn::MulAdd(c2, x0, s20);
      s21 = hn::MulAdd(c2, x1, s21);
      s30 = hn::MulAdd(c3, x0, s30);
      s31 = hn::MulAdd(c3, x1, s31);
    }
    hn::StoreU(s00, d, out[0] + e);
    hn::StoreU(s01, d, out[0] + e + lanes);
    hn::StoreU(s10, d, out[1] + e);
    hn::StoreU(s11, d, out[1] + e + lanes);
    hn::StoreU(s20, d, out[2] + e);
    hn::StoreU(s21, d, out[2] + e + lanes);
    hn::StoreU(s30, d, out[3] + e);
    hn::StoreU(s31, d, out[3] + e + lanes);
  }
  for (; e < end; ++e) {
    for (std::size_t i = 0; i < 4; ++i) {
      T sum = 0;
      for (std::size_t j = 0; j < rows.size(); ++j) {
        sum += coefficients[i][j] * rows[j][e];
      }
      out[i][e] = sum;
    }
  }
}

template <typename T>
void combine_of(std::span<const T* const> rows,
                const T* coefficients,
                std::size_t n,
                std::span<T* const> out) {
  for (std::size_t begin = 0; begin < n; begin += kStretch) {
    const std::size_t end = std::min(n, begin + kStretch);
    for (std::size_t i = 0; i < out.size(); i += 4) {
      const T* c[4];
      T* o[4];
      for (std::size_t r = 0; r < 4; ++r) {  // a block that sticks out writes its last row again
        const std::size_t row = std::min(i + r, out.size() - 1);
        c[r] = coefficients + row * rows.size();
        o[r] = out[row];
      }
      combine_4(rows, c, begin, end, o);
    }
  }
}

void inner_products_f32(std::span<const float* const> a,
                        std::span<const float* const> b,
                        std::size_t n,
                        bool upper_half,
                        double* products) {
  inner_products_of(a, b, n, upper_half, products);
}
void inner_products_f64(std::span<const double* const> a,
                        std::span<const double* const> b,
                        std::size_t n,
                        bool upper_half,
                        double* products) {
  inner_products_of(a, b, n, upper_half, products);
}
void combine_f32(std::span<const float* const> rows,
                 const float* coefficients,
                 std::size_t n,
                 std::span<float* const> out) {
  combine_of(rows, coefficients, n, out);
}
void combine_f64(std::span<const double* const> rows,
                 const double* coefficients,
                 std::size_t n,
                 std::span<double* const> out) {
  combine_of(rows, coefficients, n, out);
}

}  // namespace thalweg::spectrum::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::spectrum::kernels {

HWY_EXPORT(inner_products_f32);
HWY_EXPORT(inner_products_f64);
HWY_EXPORT(combine_f32);
HWY_EXPORT(combine_f64);

void inner_products(std::span<const float* const> a,
                    std::span<const float* const> b,
                    std::size_t n,
                    bool upper_half,
                    double* products) {
  HWY_DYNAMIC_DISPATCH(inner_products_f32)(a, b, n, upper_half, products);
}
void inner_products(std::span<const double* const> a,
                    std::span<const double* const> b,
                    std::size_t n,
                    bool upper_half,
                    double* products) {
  HWY_DYNAMIC_DISPATCH(inner_products_f64)(a, b, n, upper_half, products);
}
void combine(std::span<const float* const> rows,
             const float* coefficients,
             std::size_t n,
             std::span<float* const> out) {
  HWY_DYNAMIC_DISPATCH(combine_f32)(rows, coefficients, n, out);
}
void combine(std::span<const double* const> rows,
             const double* coefficients,
             std::size_t n,
             std::span<double* const> out) {
  HWY_DYNAMIC_DISPATCH(combine_f64)(rows, coefficients, n, out);
}

}  // namespace thalweg::spectrum::kernels
#endif
