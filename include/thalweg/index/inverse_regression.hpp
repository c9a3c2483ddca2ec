#pragma once

#include <memory>

#include "thalweg/estimation/estimator.hpp"

namespace thalweg::index {

/// The classical inverse regressions. All standardise x by its sample covariance first, take r
/// eigenvectors of a (d, d) matrix M of the standardised rows z, and need n > d.
///
/// Rows are held in memory. Cost: n d^2 multiply-adds and 4 d^3 for every size.
struct InverseRegressionOptions {
  int slices = 10;  ///< of the response, about; a discrete one's values are slices
};

/// Sliced inverse regression, `sir`: M = sum_b p_b m_b m_b^T, m_b the mean of z in slice b, largest
/// eigenvalues. Blind to links that are even. Source: [Li1991], JASA 86:316-327.
std::unique_ptr<estimation::Estimator> sir(const InverseRegressionOptions& options = {});

/// Sliced average variance estimation, `save`: M = sum_b p_b (I - V_b)^2, V_b the covariance of z
/// in slice b, largest eigenvalues. Source: [CookWeisberg1991], JASA 86:328-332.
std::unique_ptr<estimation::Estimator> save(const InverseRegressionOptions& options = {});

/// Principal Hessian directions, `phd`: M = E[(y - mean) z z^T], eigenvalues of largest modulus.
/// Sees order 2 only; heavy tails of y blur it. Source: [Li1992], JASA 87:1025-1039.
std::unique_ptr<estimation::Estimator> phd();

}  // namespace thalweg::index
