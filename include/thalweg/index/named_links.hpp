#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::index {

/// A link in one variable that has a name, with what is known about it.
struct NamedLink {
  std::string name;
  std::string definition;                ///< one line of mathematics
  double (*value)(double);               ///< f(z), finite for every finite z
  int information_exponent;              ///< smallest k >= 1 with E[f(Z) h_k(Z)] != 0
  int generative_exponent;               ///< smallest k >= 1 with E[h_k(Z) | f(Z)] != 0
  std::vector<double> breakpoints = {};  ///< where f jumps or has a kink, ascending
};

/// All of them, in the order of `thalweg exponent --links`. Formulas may use their names.
///
/// T3, T4, T5 take the values +-1 with end points that solve the equations of [Damian2024] for
/// exponents 3, 4 and 5; G3 is continuous with exponent 3. All are solved when first asked for.
std::span<const NamedLink> named_links();

/// The link of that name, or nothing.
const NamedLink* find_named_link(std::string_view name);

}  // namespace thalweg::index
