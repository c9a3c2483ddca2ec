#pragma once

#include <span>
#include <vector>

#include "thalweg/hermite/breakpoints.hpp"

namespace thalweg::hermite {

struct ExpansionOptions {
  int max_order = 12;                    ///< K
  double tolerance = 1e-12;              ///< on every c_k, relative to max(1, ||f||)
  std::vector<double> breakpoints = {};  ///< known beforehand, added to those that are found
};

/// f = sum_k c_k h_k under the standard normal law, up to order K.
struct Expansion {
  std::vector<double> coefficients;     ///< c_0 ... c_K, c_k = E[f(Z) h_k(Z)]
  std::vector<double> errors;           ///< (K + 1) what the last halving of panels changed
  double second_moment = 0;             ///< ||f||^2 = E[f(Z)^2]
  double tail_energy = 0;               ///< ||f||^2 - sum_{k <= K} c_k^2, at least 0
  double tolerance = 0;                 ///< the one achieved: largest error over max(1, ||f||)
  bool converged = false;               ///< it is what was asked for, or rounding
  std::vector<Breakpoint> breakpoints;  ///< found
};

/// Hermite coefficients of a function given by its values: composite Gauss-Legendre on [-12, 12],
/// with panels that end at its break points and are halved where that changes anything.
///
/// @param f  finite almost everywhere, and square-integrable
/// @throws InvalidArgument  f infinite or NaN on an interval (and which); E[f^2] infinite, or not
/// inside |z| < 12; max_order outside 0..100; NonFinite  f not finite at a point that was tried
/// Cost: 1e5 evaluations for the break points, about 3000 for a smooth f, 4000 for each break that
/// was missed.
Expansion expand(const ScalarFunction& f, const ExpansionOptions& options = {});

}  // namespace thalweg::hermite
