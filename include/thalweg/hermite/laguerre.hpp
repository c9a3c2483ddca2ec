#pragma once

namespace thalweg::hermite {

/// Radial parts of partial traces of Hermite tensors: with I the identity matrix,
///
///   He_{2m+1}(x)[I^m] = p_m x,   He_{2m+2}(x)[I^m] = q_m x x^T - p_m I,   He_{2m}(x)[I^m] = u_m,
///
/// monic polynomials of degree m in r2 = |x|^2: (-2)^m m! L_m^{(a)}(r2 / 2), a Laguerre polynomial
/// with a = d/2 (p_m), d/2 + 1 (q_m), d/2 - 1 (u_m).
///
/// By their recurrence in r2 - d, where neighbouring terms are of one size: at r2 near d the
/// expanded powers cancel to a share d^{-m/2} of themselves, this does not.
/// @param m  at least 0   @param d  the dimension, at least 1
double radial_p(int m, double r2, double d);
double radial_q(int m, double r2, double d);
double radial_trace(int m, double r2, double d);

}  // namespace thalweg::hermite
