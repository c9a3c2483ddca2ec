#pragma once

#include <string>

#include "thalweg/run/folder.hpp"

namespace thalweg::report {

/// The page of a run of `thalweg spectrum` as HTML: leading eigenvalues of the Hessian, its density
/// and its trace, also by layer. Shows what the run has.
/// @throws BadInput  a file of the run that is there and cannot be read
std::string spectrum_page(const run::RunFolder& folder);

}  // namespace thalweg::report
