#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "thalweg/spectrum/linear_operator.hpp"

namespace thalweg::spectrum {

enum class Status { kConverged, kMaxIterations, kStagnated };

struct LobpcgOptions {
  double tolerance = 1e-6;  ///< bounds ||A u - theta u||_2 / max_j |theta_j| for every wanted pair
  int wanted =
      -1;  ///< pairs that must converge, counted from the largest; the rest are guards. -1: all
  int max_iterations = 100;
};

struct EigenPairs {
  at::Tensor values;    ///< (k) float64 on the CPU, descending
  at::Tensor vectors;   ///< (n, k), orthonormal, columns contiguous
  at::Tensor products;  ///< (n, k), A times vectors: kept, so that callers need not multiply again
  at::Tensor residual_norms;  ///< (k) float64, ||A u - theta u||_2
  int iterations = 0;
  std::int64_t operator_columns = 0;  ///< cost in products
  Status status = Status::kConverged;
  std::string message;  ///< what happened and the next move, where not converged
};

/// Leading eigenpairs of a symmetric operator by LOBPCG, from a warm start.
///
/// Each iteration is Rayleigh-Ritz on span{X, R, P}: X the current block, R = AX - X Theta its
/// residual, P the previous step; AX and AP are kept, so that an iteration costs one product a
/// column that is not converged yet. Along a trajectory A(t), pass the vectors found at the last t.
/// Small matrices (5k >= n) are solved densely.
///
/// @param a        symmetric operator on R^n
/// @param x0       (n, k), 1 <= k <= n, float32 or float64; need not be orthonormal; columns that
/// are dependent are replaced
/// @throws InvalidArgument  shape or dtype; NonFinite if A returns a NaN (says which column)
/// Cost per iteration: A on at most k columns and O(n k^2) work; memory about 15nk scalars.
/// Source: [Knyazev2001], SIAM J. Sci. Comput. 23(2):517-541; for Hessians along training
/// [Cohen2024], arXiv:2410.24206.
EigenPairs lobpcg(const LinearOperator& a, const at::Tensor& x0, const LobpcgOptions& options = {});

}  // namespace thalweg::spectrum
