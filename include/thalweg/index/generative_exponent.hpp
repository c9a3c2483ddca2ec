#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thalweg/estimation/link_function.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/level_sets.hpp"

namespace thalweg::index {

/// Values for orders k = 0 ... K with bounds of their numerical errors.
struct OrderSeries {
  std::vector<double> values;
  std::vector<double> errors;

  /// The rule for zero of all commands: at most 1e-6 of `scale`, or not above the error.
  bool is_zero(std::size_t order, double scale = 1) const;
  /// Smallest k >= 1 whose value is not zero.
  std::optional<int> first_nonzero(double scale = 1) const;
  /// Orders k >= 1 whose value is not zero and below 0.02 of `scale`: at a finite dimension a
  /// larger value of higher order may decide.
  std::vector<int> small(double scale = 1) const;
};

/// lambda_k = sqrt(E zeta_k(Y)^2), zeta_k(y) = E[h_k(Z) | Y = y], for k = 0 ... K; lambda_0 = 1.
///
/// The generative exponent is the first k >= 1 with lambda_k > 0. Without noise, and for flips, by
/// level sets: zeta_k(y) = sum_i w_i h_k(z_i) / sum_i w_i over the preimages z_i of y with w_i =
/// phi(z_i) / |f'(z_i)|; an atom is one class. lambda_k^2 by tanh-sinh quadrature between the
/// points whose level has a critical or a break point. Errors add what the last doubling of nodes
/// changed and what rounding of f does to the weights; atoms below 1e-6, which rounding makes,
/// count as error too.
///
/// @param noise  none or flips   @param max_order  1 ... 20
/// Source: [Damian2024], arXiv:2403.05529.
OrderSeries level_set_lambdas(const LevelSets& level_sets,
                              int max_order,
                              const estimation::Noise& noise = {},
                              int threads = 1);

/// The same for y = f(z) + level * g with a standard normal g, by quadrature over z for a grid of
/// y.
/// @throws InvalidArgument  noise too small against the range of f for the grid
OrderSeries gaussian_noise_lambdas(const estimation::LinkFunction& link,
                                   const LevelSets& level_sets,
                                   int max_order,
                                   double level);

struct ExponentOptions {
  int max_order = 8;  ///< K, 1 ... 20
  estimation::Noise noise = {};
  std::vector<double> breakpoints = {};  ///< jumps and kinks of f, beside those that are found
  int threads = 1;
};

/// What a link in one variable lets a learner see.
struct LinkExponents {
  /// c_k = E[Y h_k(Z)]. Nothing where E[f(Z)^2] is infinite.
  std::optional<OrderSeries> coefficients;
  double deviation = 0;  ///< sd of f(Z)
  OrderSeries lambdas;
  std::optional<int> information_exponent;  ///< smallest k >= 1 with c_k != 0; nothing up to K
  std::optional<int> generative_exponent;   ///< smallest k >= 1 with lambda_k > 0
  std::vector<std::string> warnings;
};

/// Information and generative exponent of y = f(z) with noise.
/// @throws InvalidArgument  as LevelSets; max_order out of range
LinkExponents link_exponents(std::shared_ptr<const estimation::LinkFunction> link,
                             const LevelSets& level_sets,
                             const ExponentOptions& options = {});

}  // namespace thalweg::index
