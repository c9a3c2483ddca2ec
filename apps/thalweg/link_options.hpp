#pragma once

#include <string>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// --link and --noise of commands that plant a response.
void add_link_settings(run::Settings& settings, std::string& link, std::string& noise);

}  // namespace thalweg::app
