#pragma once

#include <cstddef>
#include <span>

namespace thalweg::spectrum::kernels {

// Loops over a handful of very long rows. BLAS is tuned for square matrices: at n = 267,000
// OpenBLAS 0.3.21 takes 6 ms for the inner products of 4 float32 rows with 12, these take 0.7 ms
// (AVX-512, one thread; 12 rows with 12, upper half: 1.2 ms, the time to read them at 22 GB/s).

/// products[i * b.size() + j] = sum_e a[i][e] b[j][e] over e < n; with `upper_half` only where j >=
/// i is needed, and entries below the diagonal are unspecified. Sums run over vector lanes for at
/// most 512 elements and in double beyond: relative error of an inner product, against |a_i|
/// |b_j|, below 64 epsilon at worst and about epsilon for data without a pattern.
void inner_products(std::span<const float* const> a,
                    std::span<const float* const> b,
                    std::size_t n,
                    bool upper_half,
                    double* products);
void inner_products(std::span<const double* const> a,
                    std::span<const double* const> b,
                    std::size_t n,
                    bool upper_half,
                    double* products);

/// out[i][e] = sum_j coefficients[i * rows.size() + j] rows[j][e]. Outputs may not overlap rows.
void combine(std::span<const float* const> rows,
             const float* coefficients,
             std::size_t n,
             std::span<float* const> out);
void combine(std::span<const double* const> rows,
             const double* coefficients,
             std::size_t n,
             std::span<double* const> out);

}  // namespace thalweg::spectrum::kernels
