#pragma once

#include <span>

namespace thalweg::hermite {

/// h_k(x) = He_k(x) / sqrt(k!), orthonormal under the standard normal law: E[h_j(Z) h_k(Z)] =
/// delta_jk.
///
/// By the stable recurrence h_{k+1} = (x h_k - sqrt(k) h_{k-1}) / sqrt(k+1); k >= 0. For k <= 12
/// and |x| < 12 the error is about 1e-13 exp(x^2 / 4). @throws InvalidArgument  k negative
double hermite(int k, double x);

/// h_0(x), ..., h_{out.size() - 1}(x).
void hermite_values(double x, std::span<double> out);

/// sum_k c_k h_k(x), by Clenshaw's recurrence.
double hermite_series(std::span<const double> coefficients, double x);

}  // namespace thalweg::hermite
