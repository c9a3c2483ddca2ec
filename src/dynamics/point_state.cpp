#include "thalweg/dynamics/point_state.hpp"

#include "norms.hpp"

#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {

PointState evaluate_point(objective::Linearization& loss,
                          const Preconditioner& m,
                          spectrum::Tracker* tracker) {
  PointState out;
  if (tracker != nullptr) {
    const spectrum::EigenPairs& pairs = tracker->update(effective_hessian(loss, m));
    out.eigenvalues = nn::to_values(pairs.values);
    out.eigenpairs_converged = pairs.status == spectrum::Status::kConverged;
    out.eigen_iterations = pairs.iterations;
    out.hessian_products = pairs.operator_columns;
  }
  out.loss = loss.loss();
  out.gradient = loss.gradient();
  out.gradient_norm2 = norm2(out.gradient);
  out.outputs = loss.outputs();
  return out;
}

}  // namespace thalweg::dynamics
