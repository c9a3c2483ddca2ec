#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/link_function.hpp"
#include "thalweg/estimation/planted_model.hpp"

namespace thalweg::index {

/// Online SGD with batches of one on a Gaussian single-index model, as its overlap sees it.
struct ReducedChainOptions {
  int dimension = 0;                                          ///< d >= 4
  std::shared_ptr<const estimation::LinkFunction> link = {};  ///< in one variable
  estimation::Noise noise = {};
  std::function<double(double)> label_transform = {};  ///< of y, noise included

  std::vector<double> student = {};  ///< series in h_0, h_1, ...: see SmoothedStudent
  double radius = 0;                 ///< lambda
  double learning_rate = 0;          ///< eta at step 0 ...
  double decay_time = std::numeric_limits<double>::infinity();  ///< ... over 1 + t / decay_time
  double clip = 0.5;  ///< most that a step moves w before it is renormalised

  std::int64_t steps = 0;  ///< of a chain, at most
  /// A chain ends when alpha^2 reaches this; above 1, never.
  double overlap2_goal = 0.5;
};

/// One chain.
struct ReducedChainPath {
  /// Steps, hence samples, until alpha^2 >= overlap2_goal; nothing if it was not reached.
  std::optional<std::int64_t> passage;
  std::vector<double> overlaps;  ///< alpha after each of the sample sizes asked for; of a chain
                                 ///< that ended before, its last one
};

/// Overlaps alpha = w.w* of online SGD, smoothed or not, in O(1) a step at any d.
///
/// With fresh Gaussian samples and batches of one, alpha is itself a Markov chain: given alpha, a =
/// w.x and u = x.(w* - alpha w) / beta, beta = sqrt(1 - alpha^2), are independent normals, q =
/// |x|^2
/// - a^2 - u^2 is chi-square with d - 2 degrees of freedom, and
///
///   z = alpha a + beta u,   b^2 = u^2 + q,   g = eta y(z) D(a, b),
///   alpha <- (alpha + g beta u) / sqrt(1 + g^2 b^2):
///
/// the same law as the simulation in d dimensions. Chains advance side by side in vector lanes.
///
/// @param start  overlap at which each chain begins, in [-1, 1]
/// @param samples  ascending, none above options.steps
/// @return one path for each start; path i is a function of (options, start[i], key.with(i))
/// @throws InvalidArgument  options out of range; NonFinite  a response that is not finite
/// Cost: about 10 ns a step and chain, 16 chains or more, link h_k.
std::vector<ReducedChainPath> reduced_chain(const ReducedChainOptions& options,
                                            std::span<const double> start,
                                            std::span<const std::int64_t> samples,
                                            Key key,
                                            int threads = 1);

}  // namespace thalweg::index
