#pragma once

namespace thalweg::hermite {

/// Two samples x, x' in R^d as their Hermite tensors see them.
struct SamplePair {
  double s = 0;  ///< x.x'
  double p = 0;  ///< |x|^2
  double q = 0;  ///< |x'|^2
  double d = 1;
};

/// F_m = <He_m(x), He_m(x')>, the coefficient of rho^m / m! in Mehler's kernel.
///
/// F_{m+1} = s F_m + m (d - p - q + 2(m-1)) F_{m-1} + s m (m-1) F_{m-2}
///           - m (m-1) (m-2) (d + m - 3) F_{m-3}. @param m  at least 0
double pair_form(int m, const SamplePair& pair);

/// Coefficients of k! phi_k(x) phi_k(x')^T, a (d, d) matrix, for phi_k = h_k unfolded to
/// (d, d^{k-1}):  outer x x'^T + swapped x' x^T + own (x x^T + x' x'^T) + identity I.
struct PairCoefficients {
  double outer = 0;
  double swapped = 0;
  double own = 0;
  double identity = 0;
};

/// outer = F - 4 F_p + 4 F_pq, swapped = F_ss, own = 2 F_sp - F_s, identity = F_s with F = F_{k-1}
/// and subscripts for derivatives. F depends on p and q through p + q only, so F_p = F_q.
/// @param k  at least 1
PairCoefficients pair_coefficients(int k, const SamplePair& pair);

}  // namespace thalweg::hermite
