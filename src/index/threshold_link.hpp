#pragma once

#include <span>
#include <vector>

namespace thalweg::index {

/// End points of a link with values +-1 and exponent k.
///
/// The link changes sign at 0 < e_1 < e_2 < ..., is odd (and changes sign at 0) for odd k, even for
/// even k. Its Hermite coefficient of order j is a multiple of
/// [j odd] phi(0) h_{j-1}(0) / 2 + sum_i (-1)^i phi(e_i) h_{j-1}(e_i), and of the orders with the
/// link's parity those below k are made to vanish.
///
/// @param fixed  the first end points, given   @param start  guesses of the others, as many as
/// there are equations
/// @return all end points, ascending. Newton's method, to rounding.
std::vector<double> threshold_ends(int exponent,
                                   std::span<const double> fixed,
                                   std::span<const double> start);

/// (-1)^(number of ends below |z|), times the sign of z for odd links.
double odd_threshold_value(double z, std::span<const double> ends);
double even_threshold_value(double z, std::span<const double> ends);

}  // namespace thalweg::index
