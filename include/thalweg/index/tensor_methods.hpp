#pragma once

#include <functional>
#include <string>

#include "thalweg/base/random.hpp"
#include "thalweg/index/sample_complexity.hpp"
#include "thalweg/index/spiked_tensor.hpp"
#include "thalweg/index/tensor_method_names.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

struct TensorMethodOptions {
  /// langevin-average: average gradients in place of iterates (see LangevinOptions).
  bool rao_blackwell = false;
  double langevin_step = 0.2;  ///< c = d dt: overlaps at c = 0.05 to 0.4 are the same within errors
  double langevin_angle_tolerance = 0.2;  ///< radians, at which an average ends
  double langevin_flops = 1e10;           ///< for each, at most

  /// Power iterations after langevin-average and partial-trace, which take their estimate from
  /// overlap d^{-1/4} to what the tensor allows.
  bool refine = false;

  std::function<bool()> interrupted = {};  ///< an average asks now and then and ends early
};

/// The direction of Y's spike, a unit vector, by a method of kTensorMethods:
///
/// - `langevin-average`: the average of Langevin dynamics on L = -<Y, theta^k>, at
///   default_inverse_temperature and for default_horizon;
/// - `partial-trace`: Y[I^{(k-1)/2}], or the leading eigenvector of Y[I^{(k-2)/2}];
/// - `power`: v <- normalise(Y[v^{k-1}]) from ten uniform starts, that with the largest Y[v^k];
/// - `unfolding`: the leading left singular vector of the balanced unfolding (for even k its
///   leading eigenvector); where it is a matrix, that one's eigenvector of largest modulus.
///
/// @throws InvalidArgument  another name, or n not positive
/// Source: [Wei2026]; [Montanari2014] for power iteration and unfolding; [Hopkins2016] for partial
/// traces.
Vector estimate_spike(const std::string& method,
                      const SpikedTensor& tensor,
                      double n,
                      const TensorMethodOptions& options,
                      Key key);

/// n = prefactor d^exponent for overlap^2 = 1/2. Exponents from the theory: ceil(k/2) for averages
/// and partial traces, k/2 for these refined and for unfolding, max(1, k - 1) for power iteration
/// from random starts. Prefactors: the noise of partial traces; twice the threshold of unfolding,
/// for refined estimates too; that power iteration needs as much as unfolding at d = 2^{8-k}, which
/// it about does.
SampleComplexity spike_complexity(const std::string& method, int order, bool refine);

}  // namespace thalweg::index
