#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "thalweg/base/random.hpp"

namespace thalweg::index::kernels {

// Many chains side by side, one a vector lane: what one step needs of another is nothing.

/// The random numbers of steps first, first + 1, ... of every chain, each (steps, chains).
struct ChainDraws {
  std::span<double> along;   ///< a = w.x
  std::span<double> across;  ///< u, the part of x along the rest of w*
  std::span<double> rest;    ///< q = |x|^2 - a^2 - u^2, chi-square with d - 2 degrees of freedom
  std::span<double> noise;   ///< standard normal, for the response; empty where it has none
};

/// Draws of chain c at step t are functions of (keys[c], t): with N = keys[c].with("normals"),
/// along = normal(N, 4t), across = normal(N, 4t + 1), noise = normal(N, 4t + 3), and rest is the
/// chi-square by [Marsaglia2000] from normal(N, 4t + 2) and
/// uniform(keys[c].with("accept"), 2t), or from keys[c].with("again").with(t) where they reject it.
///
/// Equal to draw_chains_scalar up to 1e-14 relative.
/// @param keys  as many as a multiple of kChainLanes   @param degrees  d - 2, at least 2
void draw_chains(std::span<const Key> keys,
                 std::uint64_t first,
                 double degrees,
                 const ChainDraws& out);
void draw_chains_scalar(std::span<const Key> keys,
                        std::uint64_t first,
                        double degrees,
                        const ChainDraws& out);

/// Chains come in multiples of this many.
constexpr std::size_t kChainLanes = 8;

/// z[c] = w*.x = alpha a + sqrt(1 - alpha^2) u.
void hidden_coordinates(std::span<const double> alpha,
                        std::span<const double> along,
                        std::span<const double> across,
                        std::span<double> z);

/// Constants of a step: see SmoothedStudent for the letters.
struct ChainStep {
  std::span<const double> nodes, weights, slopes;
  double radius = 0;
  double learning_rate = 0;
  double clip = 0;  ///< most of |g| b, the length of a step
};

/// alpha <- (alpha + g beta u) / sqrt(1 + g^2 b^2), g = eta y D(a, b), b^2 = u^2 + q.
void advance_chains(const ChainStep& step,
                    std::span<const double> along,
                    std::span<const double> across,
                    std::span<const double> rest,
                    std::span<const double> y,
                    std::span<double> alpha);

}  // namespace thalweg::index::kernels
