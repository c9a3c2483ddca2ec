#pragma once

#include <string>

#include "thalweg/run/folder.hpp"

namespace thalweg::report {

/// The page of a run of `thalweg exponent` as HTML: exponents or leaps and why they are so, the link
/// with some of its levels, what every order shows, rows needed. Shows what the run has.
/// @throws BadInput  a file of the run that is there and cannot be read
std::string exponent_page(const run::RunFolder& folder);

}  // namespace thalweg::report
