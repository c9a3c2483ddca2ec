#pragma once

#include <span>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::hermite {

/// Contractions of T = sum_i t_i h_k(x_i), a symmetric tensor of order k that is never formed.
///
/// h_k(x) = He_k(x) / sqrt(k!) has <h_k(x), v^k> = h_k(v.x) for unit v. For all of them:
/// @param k  the order, from the smallest that leaves the contraction to 100
/// @param x  (n, d), a row a sample; one sample is n = 1
/// @param t  (n) weights of any sign
/// @throws InvalidArgument  k out of range or of the wrong parity; t or v of another length
/// Rows are taken 256 at a time, read once, and added in their order.

/// T[v, ..., v] with k - 1 of the places filled: (d). @param k  1 and up   @param v  (d), a unit
/// vector. Cost 4 n d flops.
Vector contract_to_vector(int k, MatrixView x, std::span<const double> t, VectorView v);

/// T[v, ..., v] with k - 2 of the places filled: (d, d). @param k  2 and up. Cost n d^2 flops.
Matrix contract_to_matrix(int k, MatrixView x, std::span<const double> t, VectorView v);

/// T[I^{(k-1)/2}] for odd k: (d). Cost 4 n d flops.
Vector partial_trace_vector(int k, MatrixView x, std::span<const double> t);

/// T[I^{(k-2)/2}] for even k, 2 and up: (d, d). Cost n d^2 flops.
Matrix partial_trace_matrix(int k, MatrixView x, std::span<const double> t);

/// T[I^{k/2}] for even k, 0 and up. Cost 2 n d flops.
double full_trace(int k, MatrixView x, std::span<const double> t);

/// For k = 4 and a symmetric matrix B: T[B], the balanced unfolding applied to B: (d, d).
///
/// He_4(x)[B] = (x'Bx) x x^T - (x'Bx) I - tr(B) x x^T - 2 (x (Bx)^T + (Bx) x^T) + tr(B) I + 2 B.
/// @param b  (d, d) symmetric. Cost 4 n d^2 flops.
Matrix contract_order_4(MatrixView x, std::span<const double> t, MatrixView b);

}  // namespace thalweg::hermite
