#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thalweg/estimation/estimator.hpp"
#include "thalweg/index/estimator_names.hpp"

namespace thalweg::index {

/// The estimator that --methods calls `name`, with its own defaults.
/// @throws InvalidArgument  with the nearest name that there is
std::unique_ptr<estimation::Estimator> make_estimator(const std::string& name);

/// kEstimatorNames as strings.
std::vector<std::string> estimator_names();

}  // namespace thalweg::index
