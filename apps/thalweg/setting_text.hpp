#pragma once

#include <string>
#include <vector>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// How a setting is shown to people: in --help, on the man page, to the completion of a shell.

bool is_flag(
    const run::Setting& setting);  ///< given without a value: --name, or --no-name to switch it off
bool is_list(const run::Setting& setting);  ///< may be given again

std::string metavar(const run::Setting& setting);     ///< "N", "FILE.toml"; "" for flags
std::string option_text(const run::Setting& setting);  ///< "--steps", "--no-standardize"
/// "--steps T", "--no-standardize", "-o, --out DIR"
std::string usage_text(const run::Setting& setting);
std::string default_text(
    const run::Setting& setting);  ///< its present value; "" where there is none to show

/// What its usage_text does: "do not ..." for one shown as --no-NAME.
std::string plain_help(const run::Setting& setting);

/// plain_help with the choices and the default behind: "precision of weights (float32, float64;
/// default float32)".
std::string full_help(const run::Setting& setting);

/// The items of a list that were given one by one or with commas between them.
std::vector<std::string> comma_items(const std::vector<std::string>& values);

}  // namespace thalweg::app
