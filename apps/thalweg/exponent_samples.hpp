#pragma once

#include "exponent_options.hpp"
#include <nlohmann/json_fwd.hpp>

namespace thalweg::app {

/// What the rows of a table say: the exponents of one index column, or the leaps of several.
/// @throws BadInput  the table   @throws InvalidArgument  its columns, in the words of a user
nlohmann::json sample_results(const ExponentCommandOptions& options);

}  // namespace thalweg::app
