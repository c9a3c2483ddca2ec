#include "index/kernels/reduced_chain.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "index/kernels/chi_square.hpp"
#include "thalweg/index/smoothing.hpp"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/kernels/reduced_chain.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for every instruction set
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>  // after foreach_target
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace thalweg::index::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, kChainLanes>;
using DU = hn::RebindToUnsigned<D>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
using VU = hn::Vec<DU>;

struct Bits {
  VU low, high;  // elements 2n and 2n + 1
};

// The product of the lower halves.
HWY_INLINE VU wide_product(VU a, std::uint64_t constant) {
  const DU d;
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, (hn::GetLane(a) & 0xffffffffU) * constant);
#else
  const hn::Repartition<std::uint32_t, DU> d32;
  return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, hn::Set(d, constant)));
#endif
}

// Philox4x32-10 of block `number` of every lane's stream; words sit in the lower halves of 64 bits,
// upper halves are left as they come until the end.
HWY_INLINE Bits philox_block(VU seed, VU purpose, std::uint64_t number) {
  const DU d;
  VU c0 = hn::Set(d, number & 0xffffffffU), c1 = hn::Set(d, number >> 32);
  VU c2 = purpose, c3 = hn::ShiftRight<32>(purpose);
  VU k0 = seed, k1 = hn::ShiftRight<32>(seed);
  for (int round = 0; round < 10; ++round) {
    const VU p0 = wide_product(c0, 0xD2511F53U), p1 = wide_product(c2, 0xCD9E8D57U);
    c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), k0);
    c1 = p1;
    c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), k1);
    c3 = p0;
    k0 = hn::Add(k0, hn::Set(d, 0x9E3779B9U));
    k1 = hn::Add(k1, hn::Set(d, 0xBB67AE85U));
  }
  const VU mask = hn::Set(d, 0xffffffffU);
  return {hn::Or(hn::And(c0, mask), hn::ShiftLeft<32>(c1)),
          hn::Or(hn::And(c2, mask), hn::ShiftLeft<32>(c3))};
}

HWY_INLINE V unit_interval(VU bits) {
  const hn::RebindToSigned<DU> di;
  return hn::Mul(hn::ConvertTo(D(), hn::BitCast(di, hn::ShiftRight<11>(bits))),
                 hn::Set(D(), 0x1p-53));
}

struct Normals {
  V first, second;
};

HWY_INLINE Normals box_muller(Bits bits) {
  const D d;
  const V u = hn::Sub(hn::Set(d, 1.0), unit_interval(bits.low));
  const V radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0), hn::Log(d, u)));
  const V angle = hn::Mul(hn::Set(d, 2 * std::numbers::pi), unit_interval(bits.high));
  return {hn::Mul(radius, hn::Cos(d, angle)), hn::Mul(radius, hn::Sin(d, angle))};
}

void draw(std::span<const Key> keys, std::uint64_t first, double degrees, const ChainDraws& out) {
  const D d;
  const DU du;
  const std::size_t lanes = hn::Lanes(d), chains = keys.size();
  std::vector<std::uint64_t> seeds, normal_streams, accept_streams;
  for (const Key& key : keys) {
    seeds.push_back(key.seed);
    normal_streams.push_back(key.with("normals").purpose);
    accept_streams.push_back(key.with("accept").purpose);
  }
  const ChiSquare chi_square(degrees);
  const V zero = hn::Zero(d), half = hn::Set(d, 0.5), one = hn::Set(d, 1.0);
  const V s = hn::Set(d, chi_square.s), c = hn::Set(d, chi_square.c);
  const std::size_t steps = out.along.size() / chains;
  for (std::size_t chain = 0; chain < chains; chain += lanes) {
    const VU seed = hn::LoadU(du, seeds.data() + chain);
    const VU normals = hn::LoadU(du, normal_streams.data() + chain);
    const VU accept = hn::LoadU(du, accept_streams.data() + chain);
    for (std::size_t t = 0; t < steps; ++t) {
      const std::uint64_t step = first + t;
      const std::size_t at = t * chains + chain;
      const Normals pair = box_muller(philox_block(seed, normals, 2 * step));
      const Normals other = box_muller(philox_block(seed, normals, 2 * step + 1));
      const V uniforms = unit_interval(philox_block(seed, accept, step).low);
      hn::StoreU(pair.first, d, out.along.data() + at);
      hn::StoreU(pair.second, d, out.across.data() + at);
      if (!out.noise.empty()) hn::StoreU(other.second, d, out.noise.data() + at);

      const V g = other.first;
      const V root = hn::MulAdd(c, g, one);
      const V v = hn::Mul(root, hn::Mul(root, root));
      hn::StoreU(hn::Mul(hn::Add(s, s), v), d, out.rest.data() + at);
      const V excess =
          hn::MulAdd(s, hn::Add(hn::Sub(one, v), hn::Log(d, v)), hn::Mul(half, hn::Mul(g, g)));
      const auto accepted = hn::And(hn::Lt(hn::Log(d, uniforms), excess), hn::Gt(root, zero));
      if (HWY_LIKELY(hn::AllTrue(d, accepted))) continue;
      HWY_ALIGN double g_lane[kChainLanes];
      HWY_ALIGN double uniform_lane[kChainLanes];
      hn::Store(g, d, g_lane);
      hn::Store(uniforms, d, uniform_lane);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        out.rest[at + lane] = chi_square.draw(
            g_lane[lane], uniform_lane[lane], keys[chain + lane].with("again").with(step));
      }
    }
  }
}

void hidden(std::span<const double> alpha,
            std::span<const double> along,
            std::span<const double> across,
            std::span<double> z) {
  const D d;
  for (std::size_t i = 0; i < alpha.size(); i += hn::Lanes(d)) {
    const V a = hn::LoadU(d, alpha.data() + i);
    const V beta = hn::Sqrt(hn::NegMulAdd(a, a, hn::Set(d, 1.0)));
    const V own = hn::Mul(a, hn::LoadU(d, along.data() + i));
    hn::StoreU(hn::MulAdd(beta, hn::LoadU(d, across.data() + i), own), d, z.data() + i);
  }
}

// Clenshaw's recurrence for sum_j slopes[j] h_j(x).
HWY_INLINE V series(std::span<const double> slopes, const double* ratios, V x) {
  const D d;
  V b1 = hn::Zero(d), b2 = hn::Zero(d);
  for (std::size_t j = slopes.size(); j-- > 0;) {
    const V falling = hn::NegMulAdd(hn::Set(d, ratios[2 * j + 1]), b2, hn::Set(d, slopes[j]));
    const V b = hn::MulAdd(hn::Mul(x, hn::Set(d, ratios[2 * j])), b1, falling);
    b2 = b1;
    b1 = b;
  }
  return b1;
}

void advance(const ChainStep& step,
             std::span<const double> along,
             std::span<const double> across,
             std::span<const double> rest,
             std::span<const double> y,
             std::span<double> alpha) {
  const D d;
  std::array<double, 2 * kHighestStudentDegree> ratios;
  for (std::size_t j = 0; j < step.slopes.size(); ++j) {
    const double order = static_cast<double>(j);
    ratios[2 * j] = 1 / std::sqrt(order + 1);
    ratios[2 * j + 1] = std::sqrt((order + 1) / (order + 2));
  }
  const double shrink = 1 / std::sqrt(1 + step.radius * step.radius);
  const V one = hn::Set(d, 1.0);
  for (std::size_t i = 0; i < alpha.size(); i += hn::Lanes(d)) {
    const V a = hn::LoadU(d, along.data() + i), u = hn::LoadU(d, across.data() + i);
    const V b = hn::Sqrt(hn::MulAdd(u, u, hn::LoadU(d, rest.data() + i)));
    const V slope = hn::Div(a, b);
    V derivative = hn::Zero(d);
    for (std::size_t m = 0; m < step.nodes.size(); ++m) {
      const V xi = hn::Set(d, step.radius * step.nodes[m]);
      const V at = hn::Mul(hn::Set(d, shrink), hn::MulAdd(xi, b, a));
      const V weight = hn::Mul(hn::Set(d, step.weights[m]), hn::NegMulAdd(xi, slope, one));
      derivative = hn::MulAdd(weight, series(step.slopes, ratios.data(), at), derivative);
    }
    const V length = hn::Mul(hn::Mul(hn::Set(d, step.learning_rate * shrink), derivative),
                             hn::Mul(hn::LoadU(d, y.data() + i), b));
    const V moved = hn::Clamp(length, hn::Set(d, -step.clip), hn::Set(d, step.clip));
    const V from = hn::LoadU(d, alpha.data() + i);
    const V beta = hn::Sqrt(hn::NegMulAdd(from, from, one));
    const V to = hn::MulAdd(hn::Mul(beta, moved), hn::Div(u, b), from);
    const V renormalised = hn::Div(to, hn::Sqrt(hn::MulAdd(moved, moved, one)));
    hn::StoreU(hn::Clamp(renormalised, hn::Set(d, -1.0), one), d, alpha.data() + i);
  }
}

}  // namespace thalweg::index::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thalweg::index::kernels {

HWY_EXPORT(draw);
HWY_EXPORT(hidden);
HWY_EXPORT(advance);

void draw_chains(std::span<const Key> keys,
                 std::uint64_t first,
                 double degrees,
                 const ChainDraws& out) {
  HWY_DYNAMIC_DISPATCH(draw)(keys, first, degrees, out);
}

void draw_chains_scalar(std::span<const Key> keys,
                        std::uint64_t first,
                        double degrees,
                        const ChainDraws& out) {
  const ChiSquare chi_square(degrees);
  for (std::size_t i = 0; i < out.along.size(); ++i) {
    const Key key = keys[i % keys.size()];
    const std::uint64_t step = first + i / keys.size();
    const Key normals = key.with("normals");
    out.along[i] = normal(normals, 4 * step);
    out.across[i] = normal(normals, 4 * step + 1);
    out.rest[i] = chi_square.draw(normal(normals, 4 * step + 2),
                                  uniform(key.with("accept"), 2 * step),
                                  key.with("again").with(step));
    if (!out.noise.empty()) out.noise[i] = normal(normals, 4 * step + 3);
  }
}

void hidden_coordinates(std::span<const double> alpha,
                        std::span<const double> along,
                        std::span<const double> across,
                        std::span<double> z) {
  HWY_DYNAMIC_DISPATCH(hidden)(alpha, along, across, z);
}

void advance_chains(const ChainStep& step,
                    std::span<const double> along,
                    std::span<const double> across,
                    std::span<const double> rest,
                    std::span<const double> y,
                    std::span<double> alpha) {
  HWY_DYNAMIC_DISPATCH(advance)(step, along, across, rest, y, alpha);
}

}  // namespace thalweg::index::kernels
#endif
