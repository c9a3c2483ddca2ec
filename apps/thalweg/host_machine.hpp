#pragma once

#include "common_options.hpp"

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// What a command that knows no libtorch does first: messages as --quiet says, all processors where
/// --threads does not say how many (`settings` then records it), one thread for the BLAS, whose
/// callers are the parallel work.
/// @throws InvalidArgument  a --device other than cpu
void use_host(run::Settings& settings, CommonOptions& common);

/// @throws InvalidArgument  where --memory is less than the work would take, with `remedy`
void check_memory(const CommonOptions& common, double bytes, const char* remedy);

}  // namespace thalweg::app
