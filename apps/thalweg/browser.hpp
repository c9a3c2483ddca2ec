#pragma once

#include <filesystem>
#include <string>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// The setting --open of commands that write a page.
void add_open_setting(run::Settings& settings, std::string& open);

/// Prints the path of a page and shows it in a browser as --open says; warns where none could be
/// started.
void present_page(const std::filesystem::path& page, const std::string& open);

}  // namespace thalweg::app
