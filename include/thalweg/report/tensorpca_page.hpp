#pragma once

#include <string>

#include "thalweg/run/folder.hpp"

namespace thalweg::report {

/// The page of a run of `thalweg tensorpca` as HTML: overlap curves, signals n at overlap 1/2
/// against the dimension beside the theory, and the same in words. Shows what the run has.
/// @throws BadInput  a file of the run that is there and cannot be read
std::string tensorpca_page(const run::RunFolder& folder);

}  // namespace thalweg::report
