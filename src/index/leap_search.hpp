#pragma once

#include <functional>

#include "index/hermite_basis.hpp"
#include "thalweg/index/leap.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Coordinates of the hidden space: those found, and an orthonormal basis of the rest.
struct Frame {
  Matrix found, rest;
};

/// A strength that counts after the first leap: errors of the directions found leak into weaker
/// ones.
constexpr double kLaterStrength = 1e-2;
/// Of the strongest direction's strength, what those beside it need.
constexpr double kShare = 0.02;

/// What one order shows.
struct Sight {
  double strength = 0;  ///< ||zeta_k||^2
  Matrix directions;    ///< (columns of `rest`, s) orthonormal; s = 0 where the order does not show
};

/// Looks at one order, and makes that look at what a frame leaves to be found. It may turn the
/// frame where it knows the directions found better.
using SightAt = std::function<Sight(const HermiteBasis& basis)>;
using SightAround = std::function<SightAt(Frame& frame)>;

/// @param found  (r, s) orthonormal
Frame frame_around(const Matrix& found);

/// The leap decomposition: the directions of the lowest order that shows, again and again given
/// those found before.
Leaps find_leaps(int variables, int max_order, const SightAround& around);

}  // namespace thalweg::index
