#pragma once

#include "thalweg/objective/objective.hpp"

namespace thalweg::objective {

/// grad_w (u_i^T H(w) u_j) for i <= j by second differences of the gradient g:
///
///   Q(v) = D^3 L(v, v) = [g(w + e v) - 2 g(w) + g(w - e v)] / e^2 for unit v,
///
/// for v = u_i and, by polarisation, D^3 L(u_i, u_j) = [|u_i + u_j|^2 Q - Q(u_i) - Q(u_j)] / 2.
/// Right for any operator whose gradient is; relative error about 3e-9 in double (e = 3e-4), 6e-5
/// in float32 (e = 3e-2) on networks with |w| = 4.
///
/// @param objective  the loss
/// @param weights    w [P]
/// @param gradient   g(w) [P]
/// @param u          [P, k], columns linearly independent, any length
/// @param step       e > 0, a length in weight space
/// @return [k(k+1)/2, P], rows in the order (0,0), (0,1), ..., (0,k-1), (1,1), ...
/// Cost: k(k+1) gradients.
at::Tensor third_derivative_by_differences(Objective& objective,
                                           const at::Tensor& weights,
                                           const at::Tensor& gradient,
                                           const at::Tensor& u,
                                           double step);

/// What a search for the best difference step found.
struct DifferenceStep {
  double step = 0;  ///< the step whose result changes least when it is halved
  double relative_error =
      0;  ///< |Q(e) - Q(e/2)| / |Q(e/2)| there: an estimate of the error of third derivatives
  /// The loss has kinks (ReLU, max-pool): over steps of the oscillation's size the error does not
  /// fall with the step as it does, four times a halving, where the loss is smooth.
  bool kinks = false;
  bool trustworthy() const { return !kinks && relative_error < 0.05; }
};

/// Compares Q(u) over a range of steps, each half the last: from 6% of |w| down to the dtype's
/// rounding errors.
///
/// @param u  [P], a direction that matters (the leading eigenvector at the edge)
/// Cost: about 16 gradients in float32 and 28 in float64, once a run.
DifferenceStep calibrate_difference_step(Objective& objective,
                                         const at::Tensor& weights,
                                         const at::Tensor& gradient,
                                         const at::Tensor& u);

}  // namespace thalweg::objective
