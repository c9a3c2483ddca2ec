#pragma once

#include <span>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::linalg {

/// X^T diag(t) X = sum_i t_i x_i x_i^T for rows x_i of X, symmetric to the bit.
///
/// @param x  (n, d)
/// @param t  (n) weights of any sign, or empty for ones
/// Cost: n d^2 multiply-adds for weights of one sign (a symmetric product on rows scaled by
/// sqrt|t_i|), each sign taken by itself; blocks of rows, added in order.
Matrix gram(MatrixView x, std::span<const double> t = {});

}  // namespace thalweg::linalg
