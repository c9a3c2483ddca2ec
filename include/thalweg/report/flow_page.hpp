#pragma once

#include <string>

#include "thalweg/run/folder.hpp"

namespace thalweg::report {

/// The page of a run of `thalweg flow` as HTML: what the optimizer did, what the central flow
/// predicted, and how far to trust it. Shows what the run has; a run that has not ended has no
/// summary.
/// @throws BadInput  a file of the run that is there and cannot be read
std::string flow_page(const run::RunFolder& folder);

}  // namespace thalweg::report
