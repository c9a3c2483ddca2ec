#pragma once

#include <span>

namespace thalweg::index::kernels {

// One row x of a table and a vector w in double: what a step of SGD does. All arithmetic is in
// double; sums run over the lanes of two vectors, so that the relative error of a sum of n terms is
// below n epsilon / 8 of the sum of their moduli.

struct RowProducts {
  double dot = 0;    ///< x.w
  double norm2 = 0;  ///< |x|^2
};

RowProducts row_products(std::span<const float> x, std::span<const double> w);
RowProducts row_products(std::span<const double> x, std::span<const double> w);

/// w <- keep w + add x; returns the new |w|^2.
double combine_with_row(std::span<const float> x, double keep, double add, std::span<double> w);
double combine_with_row(std::span<const double> x, double keep, double add, std::span<double> w);

/// sum <- sum + scale w.
void add_scaled(std::span<const double> w, double scale, std::span<double> sum);

}  // namespace thalweg::index::kernels
