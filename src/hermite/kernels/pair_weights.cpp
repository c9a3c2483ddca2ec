#include "hermite/kernels/pair_weights.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hermite/kernels/pair_weights.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thalweg::hermite::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums along a row of K_ij identity and K_ij own.
template <class V>
struct RowSums {
  V identity, own;
};

/// With c = d - p - q, from F_{k-1} (pairwise.hpp):
///
///   k   outer + swapped      identity        own
///   1   1                    0               0
///   2   s                    1               -1
///   3   s^2 + c + 6          2 s             -2 s
///   4   s (s^2 + 3 c + 24)   3 (s^2 + c + 2) -(identity + 6)
template <int k, class Tag, class V = hn::Vec<Tag>>
HWY_INLINE void weigh(Tag tag,
                      V c0,  // d - p_i
                      const double* HWY_RESTRICT q,
                      const double* HWY_RESTRICT s,
                      double* HWY_RESTRICT kernel,
                      double* HWY_RESTRICT column_own,
                      RowSums<V>& sums) {
  const V weight = hn::LoadU(tag, kernel);
  if constexpr (k == 1) return;
  const V inner = hn::LoadU(tag, s);
  V own = hn::Neg(weight);
  if constexpr (k == 2) {
    sums.identity = hn::Add(sums.identity, weight);
    hn::StoreU(hn::Mul(weight, inner), tag, kernel);
  } else {
    const V c = hn::Sub(c0, hn::LoadU(tag, q));
    const V square = hn::Mul(inner, inner);
    if constexpr (k == 3) {
      const V identity = hn::Mul(weight, hn::Add(inner, inner));
      sums.identity = hn::Add(sums.identity, identity);
      own = hn::Neg(identity);
      hn::StoreU(hn::Mul(weight, hn::Add(square, hn::Add(c, hn::Set(tag, 6.0)))), tag, kernel);
    } else {
      const V three = hn::Set(tag, 3.0);
      const V identity =
          hn::Mul(weight, hn::Mul(three, hn::Add(square, hn::Add(c, hn::Set(tag, 2.0)))));
      sums.identity = hn::Add(sums.identity, identity);
      own = hn::Neg(hn::MulAdd(hn::Set(tag, 6.0), weight, identity));
      const V outer = hn::MulAdd(three, hn::Add(c, hn::Set(tag, 8.0)), square);
      hn::StoreU(hn::Mul(hn::Mul(weight, inner), outer), tag, kernel);
    }
  }
  sums.own = hn::Add(sums.own, own);
  hn::StoreU(hn::Add(hn::LoadU(tag, column_own), own), tag, column_own);
}

template <int k>
double weigh_block(double d,
                   std::span<const double> p,
                   std::span<const double> q,
                   const double* s,
                   double* kernel,
                   std::span<double> row_own,
                   std::span<double> column_own) {
  const hn::ScalableTag<double> tag;
  const hn::CappedTag<double, 1> one;
  const std::size_t lanes = hn::Lanes(tag);
  double identity = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double c0 = d - p[i];
    RowSums<hn::Vec<decltype(tag)>> sums{hn::Zero(tag), hn::Zero(tag)};
    RowSums<hn::Vec<decltype(one)>> rest{hn::Zero(one), hn::Zero(one)};
    const double* s_row = s + i * q.size();
    double* kernel_row = kernel + i * q.size();
    std::size_t j = 0;
    for (; j + lanes <= q.size(); j += lanes)
      weigh<k>(tag, hn::Set(tag, c0), &q[j], s_row + j, kernel_row + j, &column_own[j], sums);
    for (; j < q.size(); ++j)
      weigh<k>(one, hn::Set(one, c0), &q[j], s_row + j, kernel_row + j, &column_own[j], rest);
    row_own[i] += hn::GetLane(hn::SumOfLanes(tag, sums.own)) + hn::GetLane(rest.own);
    identity += hn::GetLane(hn::SumOfLanes(tag, sums.identity)) + hn::GetLane(rest.identity);
  }
  return identity;
}

double pair_weights(int k,
                    double d,
                    std::span<const double> p,
                    std::span<const double> q,
                    const double* s,
                    double* kernel,
                    std::span<double> row_own,
                    std::span<double> column_own) {
  switch (k) {
    case 1:
      return weigh_block<1>(d, p, q, s, kernel, row_own, column_own);
    case 2:
      return weigh_block<2>(d, p, q, s, kernel, row_own, column_own);
    case 3:
      return weigh_block<3>(d, p, q, s, kernel, row_own, column_own);
    default:
      return weigh_block<4>(d, p, q, s, kernel, row_own, column_own);
  }
}

}  // namespace thalweg::hermite::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::hermite::kernels {

HWY_EXPORT(pair_weights);

double pair_weights(int k,
                    double d,
                    std::span<const double> p,
                    std::span<const double> q,
                    const double* s,
                    double* kernel,
                    std::span<double> row_own,
                    std::span<double> column_own) {
  return HWY_DYNAMIC_DISPATCH(pair_weights)(k, d, p, q, s, kernel, row_own, column_own);
}

}  // namespace thalweg::hermite::kernels
#endif
