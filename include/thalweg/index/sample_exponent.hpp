#pragma once

#include <optional>
#include <span>
#include <vector>

namespace thalweg::index {

/// What samples of an index and a response say about one Hermite order.
struct SampleOrder {
  double coefficient = 0, coefficient_se = 0;  ///< mean of y h_k(z), y centred; its standard error
  /// Estimate of lambda_k^2; may be negative, as it has no bias but that of slicing, which lowers
  /// it.
  double lambda2 = 0;
  double lambda2_coarser = 0;  ///< the same with half as many slices
  double se = 0;               ///< of lambda2, jackknife over rows
  double z_score = 0;          ///< lambda2 over its standard deviation if z and y were independent
  double upper = 0;            ///< lambda_k is below this at 95 %
  int slices = 0;

  double lambda() const;
};

struct SampleExponents {
  std::vector<SampleOrder> orders;          ///< orders[k - 1] is order k
  std::optional<int> information_exponent;  ///< first coefficient beyond four standard errors
  std::optional<int> generative_exponent;   ///< first z_score of four or more
};

/// Exponents from samples.
///
/// y is cut into B slices of equal mass, ties together; with S_b, Q_b the sums of h_k(z) and of its
/// square over the m_b rows of a slice, lambda_k^2 is estimated by sum_b p_b (S_b^2 - Q_b) /
/// (m_b (m_b - 1)). B begins at 5 and doubles while the estimate still grows by its standard error
/// and slices hold 20 rows or more.
/// @param z  (n) standard normal   @param y  (n) numbers or classes   n >= 40
/// @param max_order  1 ... 12
/// @throws InvalidArgument  lengths, order, a constant response
/// Source: [Damian2024], arXiv:2403.05529.
SampleExponents sample_exponents(std::span<const double> z,
                                 std::span<const double> y,
                                 int max_order);

}  // namespace thalweg::index
