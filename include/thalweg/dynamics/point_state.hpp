#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/dynamics/preconditioner.hpp"
#include "thalweg/objective/objective.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::dynamics {

/// What is measured at a point of any trajectory.
struct PointState {
  double loss = 0;
  double gradient_norm2 = 0;  ///< |grad L(w)|^2
  std::vector<double>
      eigenvalues;  ///< leading effective eigenvalues, descending; empty where not asked for
  bool eigenpairs_converged = true;
  int eigen_iterations = 0;           ///< of the eigensolver
  std::int64_t hessian_products = 0;  ///< that it took
  at::Tensor gradient;                ///< [P]
  at::Tensor outputs;                 ///< (n, c) or (n, T, c), or undefined
};

/// Evaluates the loss at one point, with a tracker its effective eigenpairs too.
PointState evaluate_point(objective::Linearization& loss,
                          const Preconditioner& m,
                          spectrum::Tracker* tracker);

}  // namespace thalweg::dynamics
