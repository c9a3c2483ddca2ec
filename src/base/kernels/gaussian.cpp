#include "base/kernels/gaussian.hpp"

#include <cmath>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/kernels/gaussian.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thalweg::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR

template <typename T>
void gaussian_groups_of(T* out, std::size_t groups, Key stream, std::uint64_t first_group) {
  for (std::size_t i = 0; i < groups * kGaussianGroup; ++i)
    out[i] = static_cast<float>(exact_gaussian(stream, first_group * kGaussianGroup + i));
}

#else
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kGaussianLanes>;
using Words = hn::RebindToUnsigned<Floats>;  // 32-bit words in all lanes
using Integers = hn::RebindToSigned<Floats>;
using Wide = hn::RepartitionToWide<Words>;  // a 32-bit word in the lower half of every lane
using VF = hn::Vec<Floats>;
using VW = hn::Vec<Words>;
using VI = hn::Vec<Integers>;
using VWide = hn::Vec<Wide>;

/// Philox4x32 counters, a block in every wide lane. Upper halves of lanes hold what multiplication
/// left there: the next multiplication does not read them.
struct Counters {
  VWide c0, c1, c2, c3;
};

HWY_INLINE void philox_10(Counters& c, std::uint64_t seed) {
  const Wide wide;
  const Words words;
  const auto m0 = hn::BitCast(words, hn::Set(wide, 0xD2511F53U));
  const auto m1 = hn::BitCast(words, hn::Set(wide, 0xCD9E8D57U));
  std::uint32_t k0 = static_cast<std::uint32_t>(seed);
  std::uint32_t k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const VWide p0 = hn::MulEven(hn::BitCast(words, c.c0), m0);
    const VWide p1 = hn::MulEven(hn::BitCast(words, c.c2), m1);
    c.c0 = hn::Xor3(hn::ShiftRight<32>(p1), c.c1, hn::Set(wide, k0));
    c.c2 = hn::Xor3(hn::ShiftRight<32>(p0), c.c3, hn::Set(wide, k1));
    c.c1 = p1;
    c.c3 = p0;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
}

/// Word of the blocks with even and of those with odd number, in order.
HWY_INLINE VW interleave(VWide even, VWide odd) {
  const Words words;
  return hn::OddEven(hn::BitCast(words, hn::ShiftLeft<32>(odd)), hn::BitCast(words, even));
}

/// sqrt(-2 log u) for u = (w + 1/2) / 2^32, as exact near u = 1 as near 0.
///
/// x = min(u, 1 - u) is exact to rounding. With log(u) = e log 2 + log(1 + f), |f| < sqrt(2) - 1, f
/// comes from the bits of x in the lower half, and is -x or 1 - 2x in the upper one. Polynomial:
/// Q(f) = (2 f - 2 log(1 + f)) / f^2 by Remez' exchange, error 6e-8 |f|.
HWY_INLINE VF radius(VW w) {
  const Floats floats;
  const Integers integers;
  const auto one = hn::Set(floats, 1.0F);
  const VI signed_w = hn::BitCast(integers, w);
  const VI side = hn::ShiftRight<31>(signed_w);  // -1 in the upper half
  const VF x = hn::MulAdd(hn::ConvertTo(floats, hn::Xor(signed_w, side)),
                          hn::Set(floats, 0x1p-32F),
                          hn::Set(floats, 0x1p-33F));
  const auto upper = hn::MaskFromVec(hn::BitCast(floats, side));

  // x = 2^exponent * mantissa with sqrt(1/2) <= mantissa < sqrt(2).
  const auto root_half = hn::Set(integers, 0x3F3504F3);
  const VI offset = hn::Sub(hn::BitCast(integers, x), root_half);
  const VI exponent = hn::ShiftRight<23>(offset);
  const VI mantissa = hn::Sub(hn::BitCast(integers, x), hn::ShiftLeft<23>(exponent));
  const VF f_lower = hn::Sub(hn::BitCast(floats, mantissa), one);

  const auto near_one = hn::Lt(x, hn::Set(floats, 0.29289322F));
  const VF f_upper =
      hn::IfThenElse(near_one, hn::Neg(x), hn::NegMulAdd(hn::Set(floats, 2.0F), x, one));
  const VF e_upper = hn::IfThenZeroElse(near_one, hn::Set(floats, -1.0F));

  const VF f = hn::IfThenElse(upper, f_upper, f_lower);
  const VF e = hn::IfThenElse(upper, e_upper, hn::ConvertTo(floats, exponent));

  VF q = hn::Set(floats, -1.796069443e-01F);
  q = hn::MulAdd(q, f, hn::Set(floats, 2.885277867e-01F));
  q = hn::MulAdd(q, f, hn::Set(floats, -2.976638675e-01F));
  q = hn::MulAdd(q, f, hn::Set(floats, 3.310371041e-01F));
  q = hn::MulAdd(q, f, hn::Set(floats, -3.992706835e-01F));
  q = hn::MulAdd(q, f, hn::Set(floats, 5.000516176e-01F));
  q = hn::MulAdd(q, f, hn::Set(floats, -6.666786075e-01F));
  q = hn::MulAdd(q, f, hn::Set(floats, 9.999996424e-01F));
  q = hn::MulAdd(hn::Mul(q, f), f, hn::Mul(f, hn::Set(floats, -2.0F)));
  return hn::Sqrt(hn::MulAdd(e, hn::Set(floats, -1.386294361F), q));
}

/// cos and sin of 2 pi (w + 1/2) / 2^32: the quarter turn from the two upper bits, rounded, and
/// polynomials on what remains, |r| <= 1/2 quarter turns (Remez; errors 5e-9 and 3e-8).
HWY_INLINE void cos_sin(VW w, VF& cosine, VF& sine) {
  const Floats floats;
  const Integers integers;
  const Words words;
  const VW quarter = hn::Add(w, hn::Set(words, 1U << 29));  // the upper bits count quarter turns
  const VI rest = hn::ShiftRight<2>(hn::BitCast(integers, hn::ShiftLeft<2>(w)));
  const VF r =
      hn::MulAdd(hn::ConvertTo(floats, rest), hn::Set(floats, 0x1p-30F), hn::Set(floats, 0x1p-31F));
  const VF s = hn::Mul(r, r);
  VF p = hn::Set(floats, -4.602177069e-03F);
  p = hn::MulAdd(p, s, hn::Set(floats, 7.968022674e-02F));
  p = hn::MulAdd(p, s, hn::Set(floats, -6.459634900e-01F));
  p = hn::MulAdd(p, s, hn::Set(floats, 1.570796371F));
  p = hn::Mul(p, r);  // sin(pi r / 2)
  VF c = hn::Set(floats, -2.042634785e-02F);
  c = hn::MulAdd(c, s, hn::Set(floats, 2.536064088e-01F));
  c = hn::MulAdd(c, s, hn::Set(floats, -1.233698010F));
  c = hn::MulAdd(c, s, hn::Set(floats, 1.0F));  // cos(pi r / 2)

  // Quarter turns 0..3: (c, s), (-s, c), (-c, -s), (s, -c).
  const auto odd = hn::MaskFromVec(
      hn::BitCast(floats, hn::BroadcastSignBit(hn::BitCast(integers, hn::ShiftLeft<1>(quarter)))));
  const auto sign_bit = hn::Set(words, 0x80000000U);
  const VW sine_sign = hn::And(quarter, sign_bit);
  const VW cosine_sign = hn::And(hn::Xor(quarter, hn::ShiftLeft<1>(quarter)), sign_bit);
  cosine = hn::Xor(hn::IfThenElse(odd, p, c), hn::BitCast(floats, cosine_sign));
  sine = hn::Xor(hn::IfThenElse(odd, c, p), hn::BitCast(floats, sine_sign));
}

HWY_INLINE void store(VF values, float* out) { hn::StoreU(values, Floats(), out); }

HWY_INLINE void store(VF values, double* out) {
  const hn::Half<Floats> half;
  const hn::Rebind<double, decltype(half)> doubles;
  hn::StoreU(hn::PromoteTo(doubles, hn::LowerHalf(half, values)), doubles, out);
  hn::StoreU(hn::PromoteTo(doubles, hn::UpperHalf(half, values)), doubles, out + hn::Lanes(half));
}

template <typename T>
HWY_INLINE void store_pair(VW w_radius, VW w_angle, T* HWY_RESTRICT out) {
  VF cosine, sine;
  cos_sin(w_angle, cosine, sine);
  const VF r = radius(w_radius);
  store(hn::Mul(r, cosine), out);
  store(hn::Mul(r, sine), out + kGaussianLanes);
}

template <typename T>
HWY_INLINE void gaussian_groups_of(T* HWY_RESTRICT out,
                                   std::size_t groups,
                                   Key stream,
                                   std::uint64_t first_group) {
  const Floats floats;
  const Wide wide;
  const std::size_t lanes = hn::Lanes(floats);
  const VWide purpose_low = hn::Set(wide, stream.purpose & 0xffffffffU);
  const VWide purpose_high = hn::Set(wide, stream.purpose >> 32);
  const VWide twice = hn::ShiftLeft<1>(hn::Iota(wide, 0));
  for (std::size_t g = 0; g < groups; ++g) {
    const std::uint64_t first_block = (first_group + g) * kGaussianLanes;
    const VWide high = hn::Set(wide, first_block >> 32);
    for (std::size_t lane = 0; lane < kGaussianLanes; lane += lanes) {
      const VWide block = hn::Add(hn::Set(wide, first_block + lane), twice);
      Counters even{block, high, purpose_low, purpose_high};
      Counters odd{hn::Add(block, hn::Set(wide, 1)), high, purpose_low, purpose_high};
      philox_10(even, stream.seed);
      philox_10(odd, stream.seed);
      T* place = out + g * kGaussianGroup + lane;
      store_pair(interleave(even.c0, odd.c0), interleave(even.c1, odd.c1), place);
      store_pair(
          interleave(even.c2, odd.c2), interleave(even.c3, odd.c3), place + 2 * kGaussianLanes);
    }
  }
}

#endif

void gaussian_groups_f32(float* out, std::size_t groups, Key stream, std::uint64_t first_group) {
  gaussian_groups_of(out, groups, stream, first_group);
}
void gaussian_groups_f64(double* out, std::size_t groups, Key stream, std::uint64_t first_group) {
  gaussian_groups_of(out, groups, stream, first_group);
}

}  // namespace thalweg::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::kernels {

double exact_gaussian(Key stream, std::uint64_t index) {
  const std::uint64_t place = index % kGaussianGroup;
  const std::uint64_t block = index / kGaussianGroup * kGaussianLanes + place % kGaussianLanes;
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto words =
      philox({low(block), low(block >> 32), low(stream.purpose), low(stream.purpose >> 32)},
             {low(stream.seed), low(stream.seed >> 32)});
  const std::size_t output = place / kGaussianLanes, pair = output / 2 * 2;
  const double radius = std::sqrt(-2 * std::log((words[pair] + 0.5) * 0x1p-32));
  const double angle = 2 * std::numbers::pi * (words[pair + 1] + 0.5) * 0x1p-32;
  return radius * (output % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

HWY_EXPORT(gaussian_groups_f32);
HWY_EXPORT(gaussian_groups_f64);

void gaussian_groups(float* out, std::size_t groups, Key stream, std::uint64_t first_group) {
  HWY_DYNAMIC_DISPATCH(gaussian_groups_f32)(out, groups, stream, first_group);
}
void gaussian_groups(double* out, std::size_t groups, Key stream, std::uint64_t first_group) {
  HWY_DYNAMIC_DISPATCH(gaussian_groups_f64)(out, groups, stream, first_group);
}

}  // namespace thalweg::kernels
#endif
