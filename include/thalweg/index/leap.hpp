#pragma once

#include <cstdint>
#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/link_function.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

struct LeapOptions {
  int max_order = 4;                ///< orders tried at each leap, 1 to 6
  std::int64_t points = 2'000'000;  ///< hidden points for generative leaps, at least 10,000
  Key key = {};
  int threads = 1;
};

/// One leap: which order showed new directions, given those found before.
struct Leap {
  int order = 0;
  int directions = 0;
  /// ||zeta_j||^2 of orders j = 1, ..., order, the first that is not zero last: the share of the
  /// unit variance of h_j(z) that the (extended) label explains.
  std::vector<double> strengths;
};

/// A leap decomposition: S_0 = {0}, S_{i+1} = S_i + the directions that show at the lowest order.
struct Leaps {
  std::vector<Leap> steps;
  int exponent = 0;    ///< the largest order of a step; 0 if y depends on nothing
  Matrix directions;   ///< (r, found), orthonormal, in the order of the leaps
  int undetected = 0;  ///< hidden directions that no order up to max_order showed
};

/// Generative leaps of y = f(z), z ~ N(0, I_r): the orders at which E[h_k(z_perp) | y, z_S], z_S
/// the coordinates found so far, is not zero.
///
/// Monte Carlo: y is cut into about 60 slices, atoms whole, and every found coordinate into up to
/// 25 bins of equal mass; unbiased second moments of the cells' means of an orthonormal basis of
/// symmetric tensors decide, above 3e-3 (1e-2 after the first leap, where errors of the directions
/// found leak into y) and six null deviations. Signs of
/// coordinates that may flip without changing the level sets are found, and used.
///
/// @throws InvalidArgument  options out of range, a link that is constant or not finite (and where).
/// Cost: points (r + B^2) multiply-adds an order, B = C(r + k - 1, k). Source:
/// [Damian2025], the generative leap; the calculator is of this project.
Leaps generative_leaps(const estimation::LinkFunction& link, const LeapOptions& options = {});

/// Information leaps: the same with E[y h_k(z_perp) | z_S], what methods see that correlate with
/// the raw response. On tensor grids, exact for polynomials; two grids shifted against each other
/// tell what jumps leave unresolved. options.points and key are not used.
Leaps information_leaps(const estimation::LinkFunction& link, const LeapOptions& options = {});

}  // namespace thalweg::index
