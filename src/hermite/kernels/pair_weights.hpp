#pragma once

#include <cstddef>
#include <span>

namespace thalweg::hermite::kernels {

/// What a block of pairs (i, j) of samples weighs in a U-statistic of order k, 1 to 4: closed forms
/// of pair_coefficients, which is the twin that tests compare with, within 32 epsilon of the sum of
/// their terms' moduli.
///
/// @param p  (rows) and q (columns)  squared norms
/// @param s  (rows, columns) inner products
/// @param kernel  (rows, columns) K_ij on entry, K_ij (outer + swapped) on return
/// @param row_own  (rows) and column_own (columns): sums of K_ij own are added
/// @return the sum of K_ij identity
double pair_weights(int k,
                    double d,
                    std::span<const double> p,
                    std::span<const double> q,
                    const double* s,
                    double* kernel,
                    std::span<double> row_own,
                    std::span<double> column_own);

}  // namespace thalweg::hermite::kernels
