#pragma once

namespace thalweg::hermite {

/// nu_j = E[xi^{2j}] = prod_{i < j} (2i + 1) / (d - 1 + 2i), for xi the first coordinate of a
/// uniform point on S^{d-2} in R^{d-1} (see gauss_sphere). @param j  at least 0   @param d  at
/// least 3
double sphere_moment(int j, double d);

/// P_l(t), the zonal polynomial of degree l in R^d with P_l(1) = 1 (Gegenbauer, Legendre at d = 3).
///
/// (l + d - 2) P_{l+1} = (2l + d - 2) t P_l - l P_{l-1}. @param l  at least 0   @param d  at least
/// 3
double zonal_polynomial(int l, double d, double t);

/// s_k(alpha), the mean of u^k over the circle of radius lambda around a point with overlap alpha.
///
/// u = (alpha + lambda sqrt(1 - alpha^2) xi) / sqrt(1 + lambda^2):
/// s_k = (1 + lambda^2)^{-k/2} sum_j C(k, 2j) alpha^{k-2j} (1 - alpha^2)^j lambda^{2j} nu_j.
/// @param k  at least 0   @param alpha  in [-1, 1]   @param lambda  at least 0   @param d  at least
/// 3
double smoothed_power(int k, double alpha, double lambda, double d);

/// d s_k / d alpha.
double smoothed_power_slope(int k, double alpha, double lambda, double d);

}  // namespace thalweg::hermite
