#pragma once

#include "common_options.hpp"
#include "problem_options.hpp"

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// Fills in what depends on this machine and folder, so that config.toml makes the same run again
/// from anywhere: the number of threads, absolute paths of the files the problem is made of.
/// `common` and `problem` are updated alike.
void resolve(run::Settings& settings, CommonOptions& common, ProblemOptions& problem);

}  // namespace thalweg::app
