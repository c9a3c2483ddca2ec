#pragma once

namespace thalweg::index {

/// A continuous link with two humps and generative exponent 3.
///
/// Every level y in (0, 1) has four preimages a < b < 0 < c < d, b = -0.8 y and c = 1.25 y; a and d
/// solve
///   F_j = a^j phi(a) - b^j phi(b) + c^j phi(c) - d^j phi(d) = 0,  j = 0, 1,
/// which is E[h_j(Z) | y] = 0 for j = 1, 2. Humps of height 1 at -0.8 and 1.25.
/// Solved to rounding wherever it is asked for |z| <= 12; beyond, the tail goes on as phi does.
/// Source: [Damian2024], arXiv:2403.05529 (that such links exist); this one by the level-set flow.
double two_hump_link(double z);

}  // namespace thalweg::index
