#pragma once

#include <vector>

#include "thalweg/hermite/breakpoints.hpp"

namespace thalweg::index {

/// phi(x), the standard normal density.
double normal_density(double x);

/// P(Z in interval), exact in both tails; ends at +-12 and beyond count as infinite.
double normal_probability(const hermite::Interval& interval);

/// E[h_k(Z) 1{Z in interval}] for k = 0 ... K, in closed form:
/// (phi(a) h_{k-1}(a) - phi(b) h_{k-1}(b)) / sqrt(k) for k >= 1.
std::vector<double> normal_moments(const hermite::Interval& interval, int max_order);

/// E[h_k(Z)^2 1{Z in interval}] for k = 0 ... K, by quadrature.
std::vector<double> normal_square_moments(const hermite::Interval& interval, int max_order);

}  // namespace thalweg::index
