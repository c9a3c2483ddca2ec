#pragma once

#include <map>
#include <string>
#include <vector>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// Takes the settings of the run named by --resume from its config.toml, and from the command line
/// the few that may differ: more --steps, and what changes no number of the run.
/// @throws InvalidArgument  other settings given (all of them named), or fewer steps; BadInput  no
/// such run
void apply_resume(const std::map<std::string, std::vector<std::string>>& given,
                  run::Settings& settings);

}  // namespace thalweg::app
