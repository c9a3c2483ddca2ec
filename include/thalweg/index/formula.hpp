#pragma once

#include <memory>
#include <string>

#include "thalweg/estimation/link_function.hpp"

namespace thalweg::index {

/// A link typed as mathematics, in z or in z1, z2, ... (at most four): "relu(z1) - relu(z2)",
/// "sign(h3(z))", "T4".
///
/// Knows the usual functions, pi, e, erf, relu, sigmoid, softplus, gelu, sign, floor, h1 ... h12,
/// the named links, comparisons, && , || and ? :.
/// @throws InvalidArgument  with the position of the fault and what may have been meant
std::shared_ptr<const estimation::LinkFunction> parse_formula(const std::string& text);

}  // namespace thalweg::index
