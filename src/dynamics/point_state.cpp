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
  }
  out.loss = loss.loss();
  out.gradient_norm2 = norm2(loss.gradient());
  out.outputs = loss.outputs();
  return out;
}

}  // namespace thalweg::dynamics
