#pragma once

#include <string>

namespace thalweg::app {

std::string version();       ///< "0.1.0"
std::string version_text();  ///< the version, then one line for every library this was built with

}  // namespace thalweg::app
