#include "index/kernels/row.hpp"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/kernels/row.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thalweg::index::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

HWY_INLINE V load(D d, const double* x) { return hn::LoadU(d, x); }
HWY_INLINE V load(D d, const float* x) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), x));
}

template <typename T>
HWY_INLINE RowProducts products(std::span<const T> x, std::span<const double> w) {
  const D d;
  const std::size_t lanes = hn::Lanes(d), n = x.size();
  V dot0 = hn::Zero(d), dot1 = hn::Zero(d), norm0 = hn::Zero(d), norm1 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const V x0 = load(d, &x[i]), x1 = load(d, &x[i + lanes]);
    dot0 = hn::MulAdd(x0, hn::LoadU(d, &w[i]), dot0);
    dot1 = hn::MulAdd(x1, hn::LoadU(d, &w[i + lanes]), dot1);
    norm0 = hn::MulAdd(x0, x0, norm0);
    norm1 = hn::MulAdd(x1, x1, norm1);
  }
  RowProducts sums{.dot = hn::GetLane(hn::SumOfLanes(d, hn::Add(dot0, dot1))),
                   .norm2 = hn::GetLane(hn::SumOfLanes(d, hn::Add(norm0, norm1)))};
  for (; i < n; ++i) {
    sums.dot += double{x[i]} * w[i];
    sums.norm2 += double{x[i]} * double{x[i]};
  }
  return sums;
}

template <typename T>
HWY_INLINE double combine(std::span<const T> x, double keep, double add, std::span<double> w) {
  const D d;
  const std::size_t lanes = hn::Lanes(d), n = x.size();
  const V keep_all = hn::Set(d, keep), add_all = hn::Set(d, add);
  V norm0 = hn::Zero(d), norm1 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const V w0 = hn::MulAdd(keep_all, hn::LoadU(d, &w[i]), hn::Mul(add_all, load(d, &x[i])));
    const V w1 =
        hn::MulAdd(keep_all, hn::LoadU(d, &w[i + lanes]), hn::Mul(add_all, load(d, &x[i + lanes])));
    hn::StoreU(w0, d, &w[i]);
    hn::StoreU(w1, d, &w[i + lanes]);
    norm0 = hn::MulAdd(w0, w0, norm0);
    norm1 = hn::MulAdd(w1, w1, norm1);
  }
  double norm2 = hn::GetLane(hn::SumOfLanes(d, hn::Add(norm0, norm1)));
  for (; i < n; ++i) {
    w[i] = keep * w[i] + add * double{x[i]};
    norm2 += w[i] * w[i];
  }
  return norm2;
}

RowProducts products_f32(std::span<const float> x, std::span<const double> w) {
  return products(x, w);
}
RowProducts products_f64(std::span<const double> x, std::span<const double> w) {
  return products(x, w);
}
double combine_f32(std::span<const float> x, double keep, double add, std::span<double> w) {
  return combine(x, keep, add, w);
}
double combine_f64(std::span<const double> x, double keep, double add, std::span<double> w) {
  return combine(x, keep, add, w);
}

void accumulate(std::span<const double> w, double scale, std::span<double> sum) {
  const D d;
  const std::size_t lanes = hn::Lanes(d), n = w.size();
  const V scale_all = hn::Set(d, scale);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(scale_all, hn::LoadU(d, &w[i]), hn::LoadU(d, &sum[i])), d, &sum[i]);
  }
  for (; i < n; ++i) sum[i] += scale * w[i];
}

}  // namespace thalweg::index::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::index::kernels {

HWY_EXPORT(products_f32);
HWY_EXPORT(products_f64);
HWY_EXPORT(combine_f32);
HWY_EXPORT(combine_f64);
HWY_EXPORT(accumulate);

RowProducts row_products(std::span<const float> x, std::span<const double> w) {
  return HWY_DYNAMIC_DISPATCH(products_f32)(x, w);
}
RowProducts row_products(std::span<const double> x, std::span<const double> w) {
  return HWY_DYNAMIC_DISPATCH(products_f64)(x, w);
}
double combine_with_row(std::span<const float> x, double keep, double add, std::span<double> w) {
  return HWY_DYNAMIC_DISPATCH(combine_f32)(x, keep, add, w);
}
double combine_with_row(std::span<const double> x, double keep, double add, std::span<double> w) {
  return HWY_DYNAMIC_DISPATCH(combine_f64)(x, keep, add, w);
}
void add_scaled(std::span<const double> w, double scale, std::span<double> sum) {
  HWY_DYNAMIC_DISPATCH(accumulate)(w, scale, sum);
}

}  // namespace thalweg::index::kernels
#endif
