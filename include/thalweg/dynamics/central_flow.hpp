#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>
#include <Eigen/Core>

#include "thalweg/base/npz.hpp"
#include "thalweg/dynamics/point_state.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/objective/differences.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::dynamics {

struct CentralFlowOptions {
  int substeps = 4;  ///< Euler steps a step of the optimizer, >= 1
  double critical_threshold =
      1.95;  ///< effective eigenvalues above it take part in the oscillation
  /// Third derivatives are evaluated at the start of a step and again after this many substeps; 0:
  /// once a step, and again where the Hessian block moves otherwise than they say.
  int third_derivative_every = 0;
  /// Third derivatives stay in use (with third_derivative_every = 0) while the Hessian block moves
  /// as they say, up to this fraction of the change that the gradient alone would have made.
  double reuse_tolerance = 0.1;
  /// Solve for the eigenpairs at every substep, not once a step: for studies of convergence.
  bool solve_every_substep = false;
  spectrum::TrackerOptions tracker = {};
};

/// The central flow at the start of a step: the averaged trajectory and what it predicts.
struct CentralState : PointState {
  int rank = 0;                   ///< critical directions with a part in the oscillation: rank of X
  std::vector<double> variances;  ///< x_i, eigenvalues of X, descending: E (v_i^T M delta)^2
  at::Tensor directions;      ///< v_i = U q_i, [P, rank], with v_i^T M v_i = 1; undefined at rank 0
  double predicted_loss = 0;  ///< L + tr X
  double predicted_gradient_norm2 = 0;  ///< |g|^2 + sum_i x_i |2 M v_i|^2
  double sigma_trace = 0;               ///< tr Sigma = sum_i x_i |v_i|^2
  double complementarity_residual =
      0;               ///< largest violation of its optimality conditions, relative
  double seconds = 0;  ///< wall time of the step that followed
};

/// The central flow: an ODE for the time average of an optimizer that oscillates at the edge of
/// stability,
///
///   dw/dt = -M^{-1} [ g + 1/2 grad_w <H(w), Sigma> ],   Sigma = U X U^T,
///
/// with the oscillation's covariance X from a semidefinite complementarity problem on the critical
/// eigenvectors U. Weights are kept and summed in double; derivatives are taken in the objective's
/// dtype. One unit of time is one optimizer step.
///
/// Cost of a step with k critical directions and m substeps: m gradients, (m - 1) k Hessian
/// products, k(k+1) gradients for the third derivatives, and the products of one warm-started
/// eigen-solve. Source: [Cohen2024], arXiv:2410.24206.
class CentralFlow {
 public:
  /// Starts at `weights` [P] (any dtype).
  CentralFlow(objective::Objective& objective,
              const UpdateRule& rule,
              const at::Tensor& weights,
              const CentralFlowOptions& options);

  /// Evaluates the state at the present time and, with `move`, integrates over one optimizer step.
  /// @throws NonFinite  if loss or gradient stop being finite; RunFailed if the complementarity
  /// problem has no solution
  CentralState step(bool move);

  const at::Tensor& weights() const { return weights_; }  ///< [P] float64
  const std::optional<objective::DifferenceStep>& difference_step() const {
    return difference_step_;
  }
  bool truncated() const { return tracker_.truncated(); }

  NamedArrays state() const;
  void set_state(const NamedArrays& state);

 private:
  void substep(int index, bool move, CentralState& out);
  void choose_critical_directions();
  void update_hessian_block(objective::Linearization& loss, const Preconditioner& m);
  void update_third_derivatives(objective::Linearization& loss, const Preconditioner& m);
  Eigen::MatrixXd solve_oscillation(const at::Tensor& preconditioned_gradient,
                                    double dt,
                                    double& residual);
  void predict(const Eigen::MatrixXd& x, const Preconditioner& m, CentralState& out) const;

  objective::Objective& objective_;
  const UpdateRule& rule_;
  CentralFlowOptions options_;
  OptimizerState optimizer_;
  at::Tensor weights_;  // float64
  spectrum::Tracker tracker_;
  std::optional<objective::DifferenceStep> difference_step_;

  // Scratch of one step: the critical block, fixed while the step lasts.
  at::Tensor basis_;                  // Y [P, k], orthonormal; U = M^{-1/2} Y
  Eigen::MatrixXd hessian_block_;     // Y^T M^{-1/2} H M^{-1/2} Y
  at::Tensor third_;                  // T_ij [p, P], in the basis U; undefined where stale
  Eigen::MatrixXd quadratic_;         // <T_ij, M^{-1} T_kl> in svec coordinates [p, p]
  int third_age_ = 0;                 // substeps since third_ was evaluated
  Eigen::VectorXd predicted_change_;  // of the Hessian block over the last substep, svec
  double sharpening_ = 0;             // how much the gradient alone would have changed it
};

}  // namespace thalweg::dynamics
