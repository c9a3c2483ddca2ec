#pragma once

#include <optional>

#include <ATen/core/Tensor.h>
#include <Eigen/Core>

#include "thalweg/dynamics/flow.hpp"
#include "thalweg/objective/differences.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::dynamics {

enum class CentralFlowKind {
  kCentral,
  kStationary,  ///< the second moment is at its stationary value at every instant
  kAblated      ///< the oscillation does not move the weights: no curvature penalty
};

struct CentralFlowOptions {
  CentralFlowKind kind = CentralFlowKind::kCentral;
  int substeps =
      4;  ///< Euler steps a step of the optimizer, >= 1; with a tolerance, the first number
  /// > 0: the substeps of a step are chosen so that the last step's estimated relative error meets
  /// it.
  double tolerance = 0;
  int maximum_substeps = 64;  ///< with a tolerance
  double critical_threshold =
      1.95;  ///< effective eigenvalues above it take part in the oscillation
  /// Time in which an eigenvalue above 2 returns to it, in steps; 0: a substep.
  double return_time = 0;
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

/// The central flow: an ODE for the time average of an optimizer that oscillates at the edge of
/// stability, joint with its second moment nu,
///
///   dw/dt  = -M^{-1} [ g + 1/2 grad_w <H(w), Sigma> ],   Sigma = U X U^T,
///   dnu/dt = r [ g^2 + diag(H Sigma H) - nu ],
///
/// with the oscillation's covariance X from a semidefinite complementarity problem on the critical
/// eigenvectors U: 2M - H >= 0 stays true, Sigma lives in its kernel, Sigma >= 0. U is kept while a
/// step lasts.
///
/// Cost of a step with k critical directions and m substeps: m gradients, (m - 1) k Hessian
/// products, k(k+1) gradients for the third derivatives, and the products of one warm-started
/// eigen-solve. The stationary flow solves at every substep. Source: [Cohen2024], arXiv:2410.24206;
/// the stationary flow is taken as the limit of an ever faster nu, one substep behind the weights.
class CentralFlow final : public Flow {
 public:
  /// @param before  the optimizer's state before the gradient at `weights`
  /// @throws InvalidArgument  for a rule with momentum; for the stationary and the ablated flow of
  /// a rule without second moment; counts out of range
  CentralFlow(objective::Objective& objective,
              const UpdateRule& rule,
              const at::Tensor& weights,
              const CentralFlowOptions& options,
              const OptimizerState& before = {});

  /// @throws NonFinite  if loss or gradient stop being finite; RunFailed if the complementarity
  /// problem has no solution
  FlowState step(bool move) override;

  const std::optional<objective::DifferenceStep>& difference_step() const {
    return difference_step_;
  }
  bool truncated() const { return tracker_.truncated(); }

  NamedArrays state() const override;
  void set_state(const NamedArrays& state) override;

 private:
  void relax_second_moment(objective::Linearization& loss, int most);
  void substep(int index, double dt, bool move, FlowState& out);
  void choose_critical_directions(const Preconditioner& m);
  void update_hessian_block(objective::Linearization& loss);
  void update_third_derivatives(objective::Linearization& loss);
  Eigen::MatrixXd third_derivative_gram(const Preconditioner& m);
  Eigen::MatrixXd feedback_gram(const Preconditioner& m) const;
  Eigen::MatrixXd solve_oscillation(const at::Tensor& gradient,
                                    const Preconditioner& m,
                                    double dt,
                                    FlowState& out);
  void advance_second_moment(const at::Tensor& gradient,
                             const Preconditioner& m,
                             const Eigen::MatrixXd& x,
                             double dt);
  void estimate_error(const at::Tensor& velocity, double dt, FlowState& out);
  void adapt_substeps(double error);
  void predict(const Eigen::MatrixXd& x, const Preconditioner& m, FlowState& out) const;
  double response_over(double dt) const;

  CentralFlowOptions options_;
  spectrum::Tracker tracker_;
  std::optional<objective::DifferenceStep> difference_step_;
  int substeps_;
  double response_ = 1;  // of a stationary second moment, over a substep

  // Scratch of one step: the critical block, fixed while the step lasts.
  at::Tensor basis_;                  // U [P, k], U^T M U = I when it was chosen
  Eigen::MatrixXd hessian_block_;     // U^T H U
  at::Tensor third_;                  // T_ij [p, P]; undefined where stale
  Eigen::MatrixXd third_gram_;        // <T_ij, T_kl> in svec coordinates; empty where stale
  int third_age_ = 0;                 // substeps since third_ was evaluated
  Eigen::VectorXd predicted_change_;  // of the Hessian block over the last substep, svec
  double sharpening_ = 0;             // how much the gradient alone would have changed it
  at::Tensor velocity_;               // dw/dt of the last substep
};

}  // namespace thalweg::dynamics
