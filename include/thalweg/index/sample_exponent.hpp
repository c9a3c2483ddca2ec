#pragma once

#include <optional>
#include <span>
#include <vector>

#include "thalweg/base/random.hpp"

namespace thalweg::index {

/// What samples of an index and a response say about one Hermite order.
struct SampleOrder {
  double coefficient = 0, coefficient_se = 0;  ///< mean of y h_k(z), y centred; its standard error
  /// Estimate of lambda_k^2; may be negative, as it has no bias but that of slicing, which lowers
  /// it.
  double lambda2 = 0;
  double lambda2_coarser = 0;  ///< the same with half as many slices
  double se = 0;               ///< of lambda2, jackknife over rows
  int slices = 0;              ///< of lambda2
  double z_score = 0;  ///< the largest, over numbers of slices, of lambda2 over its deviation if z
                       ///< and y were independent
  bool shows = false;  ///< z_score exceeds those of all permutations
  double upper = 0;    ///< lambda_k is below this at 95 %
  double resolvable = 0;  ///< a lambda_k that would show in about half of the cases

  double lambda() const;
};

struct SampleExponents {
  std::vector<SampleOrder> orders;          ///< orders[k - 1] is order k
  std::optional<int> information_exponent;  ///< first coefficient beyond four standard errors
  std::optional<int> generative_exponent;   ///< first order that shows
};

struct SampleExponentOptions {
  int max_order = 8;          ///< 1 ... 12
  double false_alarm = 0.01;  ///< probability that pure noise shows any order, above 1e-4
  Key key = {};               ///< of the permutations
  int threads = 1;
};

/// Exponents from samples.
///
/// y is cut into B slices of equal mass, ties together; with S_b, Q_b the sums of h_k(z) and of its
/// square over the m_b rows of a slice, lambda_k^2 is estimated by sum_b p_b (S_b^2 - Q_b) /
/// (m_b (m_b - 1)). B begins at 5 and doubles while the estimate still grows by its standard error
/// and slices hold 20 rows or more. An order shows if its score, the largest over all these B,
/// exceeds those of max_order / false_alarm permutations of the rows: no law of the score is
/// assumed, which for high orders has heavy tails.
/// @param z  (n) standard normal   @param y  (n) numbers or classes   n >= 40
/// @throws InvalidArgument  lengths, options, a constant response
/// Cost: about 2 n log2(n / 100) additions a permutation; 99 of them for an order that shows
/// clearly, all for one that hardly does, a few for others.
/// Source: [Damian2024], arXiv:2403.05529; the test is of this project.
SampleExponents sample_exponents(std::span<const double> z,
                                 std::span<const double> y,
                                 const SampleExponentOptions& options = {});

}  // namespace thalweg::index
