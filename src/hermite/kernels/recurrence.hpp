#pragma once

#include <span>

namespace thalweg::hermite::kernels {

/// value[i] = h_k(x[i]) and below[i] = h_{k-1}(x[i]) (0 for k = 0), by the recurrence of
/// thalweg/hermite/polynomial.hpp with 1 / sqrt(j + 1) multiplied instead of divided by: within
/// 4 k epsilon of it, relative to max_{j <= k} |h_j(x)| |x|^{k-j}. k at most 100.
void hermite_pairs(int k,
                   std::span<const double> x,
                   std::span<double> value,
                   std::span<double> below);

}  // namespace thalweg::hermite::kernels
