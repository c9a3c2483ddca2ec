#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "thalweg/base/random.hpp"
#include "thalweg/spectrum/linear_operator.hpp"

namespace thalweg::spectrum {

struct QuadratureOptions {
  int probes = 8;  ///< Rademacher probe vectors
  int steps = 40;  ///< Lanczos steps a probe, with full reorthogonalisation; at most n
  Key key = {};
};

/// The spectral measure of a symmetric operator, sum_i delta(lambda - lambda_i), as weighted nodes.
struct SpectralQuadrature {
  std::vector<std::vector<double>> nodes;  ///< [probe][node]
  std::vector<std::vector<double>>
      weights;                   ///< [probe][node], each probe's sum to n minus the deflated
  std::vector<double> deflated;  ///< eigenvalues taken out exactly, weight 1 each

  double trace() const;  ///< tr A
  /// Its standard error, from the scatter over probes: NaN for one probe, 0 if all eigenvalues were
  /// deflated.
  double trace_error() const;
  /// Density smoothed by a Gaussian of width `width`, eigenvalues per unit, at `points`.
  std::vector<double> density(const std::vector<double>& points, double width) const;
};

/// Stochastic Lanczos quadrature, on the complement of known eigenpairs (which removes most of the
/// variance).
///
/// @param a         symmetric operator on R^n
/// @param deflate   (n, k) orthonormal eigenvectors with `values` (k), or undefined tensors
/// @return the nodes of each probe, fewer than `steps` where its Krylov space ended
/// @throws InvalidArgument  shapes, dtype, probes or steps; NonFinite if A returns a NaN
/// Deviation: with deflation |z|^2 varies by probe; weights are scaled to the dimension of the
/// complement instead. Cost: probes * steps products of one column. Source: [Ubaru2017], SIAM J.
/// Matrix Anal. 38(4):1075-1099.
SpectralQuadrature lanczos_quadrature(const LinearOperator& a,
                                      std::int64_t n,
                                      at::TensorOptions options,
                                      const at::Tensor& deflate,
                                      const at::Tensor& values,
                                      const QuadratureOptions& quadrature = {});

}  // namespace thalweg::spectrum
