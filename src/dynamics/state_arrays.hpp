#pragma once

#include <string_view>

#include "thalweg/base/npz.hpp"

namespace thalweg::dynamics {

/// Adds `part` to `arrays` under "prefix/".
void add_arrays(NamedArrays& arrays, std::string_view prefix, NamedArrays part);
/// The arrays below "prefix/", without it.
NamedArrays arrays_under(const NamedArrays& arrays, std::string_view prefix);

}  // namespace thalweg::dynamics
