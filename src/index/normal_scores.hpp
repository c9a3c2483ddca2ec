#pragma once

#include <span>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// The standard normal quantile: P(Z <= x) = p. @param p  in (0, 1)   Error below 1e-12.
double normal_quantile(double p);

/// Phi^{-1}((rank - 1/2) / n), ties sharing their mean rank: y made as normal as it can be.
Vector normal_scores(std::span<const double> y);

}  // namespace thalweg::index
