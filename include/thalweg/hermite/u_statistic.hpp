#pragma once

#include <span>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::hermite {

/// U = 1 / (n (n-1)) sum_{i != j} K_ij phi_k(x_i) phi_k(x_j)^T, with phi_k(x) the Hermite tensor
/// h_k(x) unfolded to (d, d^{k-1}), and K a positive semidefinite kernel on the labels.
///
/// With x ~ N(0, I) and features of the labels psi, K_ij = psi_i . psi_j, U estimates
/// sum_l E[psi_l phi_k] E[psi_l phi_k]^T without bias: its leading eigenvectors span the directions
/// that show at order k. The terms i = j, left out, would raise the number of rows needed.
///
/// For all of them: @param x  (n, d), n at least 2, rows standard normal (whitened first)
/// @param threads  the sum does not depend on it, to the bit; BLAS is to run one thread each
/// Source: [Damian2025], with the pair formula of hermite/pairwise.hpp.
struct UStatistic {
  Matrix matrix;          ///< (d, d), symmetric
  double trace_sd = 0;    ///< of tr U if the labels are independent of x:
                          ///< sqrt(2 mean_{i != j} K_ij^2 C(d+k-1, k) / (n (n-1)))
  double edge = 0;        ///< of the eigenvalues if they are, about: U is then like a Wishart
                          ///< matrix of rank(K) C(d+k-2, k-1) degrees less its mean
  double edge_scale = 0;  ///< Tracy and Widom's unit there [Johnstone2001]

  /// The trace in null deviations; 0 where no pair has a weight.
  double z() const { return trace_sd > 0 ? matrix.trace() / trace_sd : 0; }

  /// The leading eigenvalues (descending) above where they are if labels are independent of x, in
  /// deviations of the largest; 0 where no pair has a weight.
  ///
  /// A law of many rows, right within half a deviation at orders 1 and 2 for n = 2 d^k; with fewer
  /// rows than d^{k/2} the deviation is twice that or more at orders 3 and 4.
  Vector prominence(const Vector& eigenvalues) const;
};

/// K_ij = psi_i . psi_j by all pairs. @param k  1 to 4   @param psi  (n, m) features of the labels
/// Cost: 2 n^2 d + n^2 m flops in matrix products and n^2 / 2 weights, memory n d.
UStatistic u_statistic_by_pairs(int k, MatrixView x, MatrixView psi, int threads = 1);

/// K_ij = psi_i . psi_j by the means of psi_l phi_k. @param k  1 or 2
/// Cost: n d^2 + 2 n m d flops for k = 1, m (n d^2 + d^3) for k = 2.
UStatistic u_statistic_by_features(int k, MatrixView x, MatrixView psi, int threads = 1);

/// The cheaper of the two. @param k  1 to 4
UStatistic u_statistic(int k, MatrixView x, MatrixView psi, int threads = 1);

/// K_ij = 1{same class} / p - 1, p the class's share of the rows: slices of a response, or a
/// discrete one's values.
///
/// For k >= 3 and five classes or more, K_ij = 1{same class} / p: all but 1 / classes of the pairs
/// drop out, and the variance grows by 1 / (classes - 1) only. @param classes  (n) from 0 up
/// @param k  1 to 4. Cost: 2 n d^2 flops for k = 1, 2 n d^2 + classes d^3 for k = 2
UStatistic u_statistic_of_classes(int k,
                                  MatrixView x,
                                  std::span<const int> classes,
                                  int threads = 1);

/// z of tr U alone, for each column l of t and K_ij = t_il t_jl: which label transform shows most
/// at order k. @param k  1 to 12   @param t  (n, m) centred transforms
/// @return (m). Cost: n^2 (d + m) flops in matrix products and n^2 / 2 forms F_k
Vector trace_scores(int k, MatrixView x, MatrixView t, int threads = 1);

}  // namespace thalweg::hermite
