#include "nn/kernels/gelu.hpp"

#include <cstddef>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/gelu.cpp"
// clang-format off: the order counts
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace thalweg::nn::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, typename T>
HWY_INLINE void curve(D d, const T* x, const T* v, const T* g, T* out) {
  const auto square = hn::Mul(hn::LoadU(d, x), hn::LoadU(d, x));
  const auto density = hn::Exp(d, hn::Mul(hn::Set(d, T(-0.5)), square));
  const auto scale = hn::Set(d, T(std::numbers::inv_sqrtpi / std::numbers::sqrt2));
  const auto second = hn::Mul(hn::Mul(scale, density), hn::Sub(hn::Set(d, T(2)), square));
  hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, v), hn::LoadU(d, g)), second), d, out);
}

template <typename T>
void curve_all(std::span<const T> x, std::span<const T> v, std::span<const T> g, std::span<T> out) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= x.size(); i += hn::Lanes(d)) curve(d, &x[i], &v[i], &g[i], &out[i]);
  for (; i < x.size(); ++i) curve(one, &x[i], &v[i], &g[i], &out[i]);
}

void curve_floats(std::span<const float> x,
                  std::span<const float> v,
                  std::span<const float> g,
                  std::span<float> out) {
  curve_all(x, v, g, out);
}

void curve_doubles(std::span<const double> x,
                   std::span<const double> v,
                   std::span<const double> g,
                   std::span<double> out) {
  curve_all(x, v, g, out);
}

}  // namespace thalweg::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::nn::kernels {

HWY_EXPORT(curve_floats);
HWY_EXPORT(curve_doubles);

void gelu_curvature_times(std::span<const float> x,
                          std::span<const float> v,
                          std::span<const float> g,
                          std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(curve_floats)(x, v, g, out);
}

void gelu_curvature_times(std::span<const double> x,
                          std::span<const double> v,
                          std::span<const double> g,
                          std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(curve_doubles)(x, v, g, out);
}

}  // namespace thalweg::nn::kernels
#endif
