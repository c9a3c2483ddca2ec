#pragma once

#include <functional>

#include "thalweg/estimation/link_function.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/level_sets.hpp"

namespace thalweg::index {

/// T(y) = zeta_k(y) / lambda_k, zeta_k(y) = E[h_k(Z) | Y = y]: of all functions of the response of
/// variance one the one whose correlation with h_k(z) is largest, lambda_k.
///
/// Clipped to [-M, M], M the larger of 3 and what |T| reaches for |z| < 2.8, which is 99.5 % of
/// them. Tabulated and interpolated linearly between 2,000 points of each branch of the link; atoms
/// are classes of their own. With normal noise zeta_k comes from a sum over 3,201 points z for each
/// of 801 responses; noise below 0.005 of the link's range counts as that much.
///
/// @param k       order, at least 1
/// @param lambda  lambda_k of the same link and noise, positive (generative_exponent.hpp)
/// @return a function to be called from several threads
/// @throws InvalidArgument  k or lambda out of range
/// Source: [Damian2024], arXiv:2403.05529.
std::function<double(double)> optimal_transform(const estimation::LinkFunction& link,
                                                const LevelSets& level_sets,
                                                const estimation::Noise& noise,
                                                int k,
                                                double lambda);

}  // namespace thalweg::index
