#include "hermite/kernels/recurrence.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hermite/kernels/recurrence.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>

// Outside the namespaces of the instruction sets: one table for all of them.
#ifndef THALWEG_HERMITE_KERNELS_RECURRENCE
#define THALWEG_HERMITE_KERNELS_RECURRENCE
namespace thalweg::hermite::kernels {

constexpr std::size_t kMostOrder = 100;

// h_{j+1} = x up[j] h_j - down[j] h_{j-1}.
struct Coefficients {
  std::array<double, kMostOrder> up, down;
};

inline Coefficients coefficients() {
  Coefficients c{};
  for (std::size_t j = 0; j < kMostOrder; ++j) {
    const double order = static_cast<double>(j);
    c.up[j] = 1 / std::sqrt(order + 1);
    c.down[j] = std::sqrt(order / (order + 1));
  }
  return c;
}

}  // namespace thalweg::hermite::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace thalweg::hermite::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class Tag>
HWY_INLINE void recur(Tag tag,
                      const Coefficients& c,
                      std::size_t k,
                      const double* HWY_RESTRICT x,
                      double* HWY_RESTRICT value,
                      double* HWY_RESTRICT below) {
  const auto at = hn::LoadU(tag, x);
  auto before = hn::Zero(tag);
  auto h = hn::Set(tag, 1.0);
  for (std::size_t j = 0; j < k; ++j) {
    const auto scaled = hn::Mul(hn::Set(tag, c.down[j]), before);
    before = h;
    h = hn::MulSub(hn::Mul(at, hn::Set(tag, c.up[j])), h, scaled);
  }
  hn::StoreU(h, tag, value);
  hn::StoreU(before, tag, below);
}

void hermite_pairs(int k,
                   std::span<const double> x,
                   std::span<double> value,
                   std::span<double> below) {
  static const Coefficients c = coefficients();
  const auto order = static_cast<std::size_t>(k);
  const hn::ScalableTag<double> tag;
  const hn::CappedTag<double, 1> one;
  std::size_t i = 0;
  for (; i + hn::Lanes(tag) <= x.size(); i += hn::Lanes(tag))
    recur(tag, c, order, &x[i], &value[i], &below[i]);
  for (; i < x.size(); ++i) recur(one, c, order, &x[i], &value[i], &below[i]);
}

}  // namespace thalweg::hermite::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::hermite::kernels {

HWY_EXPORT(hermite_pairs);

void hermite_pairs(int k,
                   std::span<const double> x,
                   std::span<double> value,
                   std::span<double> below) {
  HWY_DYNAMIC_DISPATCH(hermite_pairs)(k, x, value, below);
}

}  // namespace thalweg::hermite::kernels
#endif
