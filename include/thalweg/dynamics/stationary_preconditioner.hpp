#pragma once

#include <Eigen/Core>

namespace thalweg::dynamics {

/// The diagonal M at which RMSProp's second moment rests, nu = (eta M)^2, while the weights stay:
///
///   argmin over diagonal M >= 0 of   tr M + sum_i a_i^2 / M_i   subject to   H <= 2M.
///
/// With a = 0 it is the admissible M of least trace, which a curvature-aware method would choose.
///
/// @param hessian  H (P, P), symmetric, in full; P up to about 1000: cost some 200 factorisations
/// @param drive    a = g / eta (P), or zeros
/// @return the diagonal (P), to a relative duality gap of 1e-9
/// @throws InvalidArgument  shapes; NonFinite; RunFailed where Newton's method does not settle
/// Method: log barriers on 2M - H and M, Newton steps, the barrier's weight falling by 0.3.
/// Source: [Cohen2024], arXiv:2410.24206 (the program); at its solution
/// Sigma_ii = eta^2/4 (1 - a_i^2 / M_i^2) is the oscillation's variance.
Eigen::VectorXd stationary_preconditioner(const Eigen::MatrixXd& hessian,
                                          const Eigen::VectorXd& drive);

/// g^T M^{-1} g: how fast the loss falls along -M^{-1} g, a step of the optimizer a unit of time.
double preconditioned_speed(const Eigen::VectorXd& gradient, const Eigen::VectorXd& diagonal);

}  // namespace thalweg::dynamics
