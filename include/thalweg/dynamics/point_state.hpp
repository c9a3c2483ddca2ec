#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/dynamics/update_rule.hpp"
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
  at::Tensor outputs;  ///< (n, c), (n, T, c) for sequences, or undefined
};

/// Evaluates the loss at one point, with a tracker its effective eigenpairs too.
PointState evaluate_point(objective::Linearization& loss,
                          const Preconditioner& m,
                          spectrum::Tracker* tracker);

}  // namespace thalweg::dynamics
