#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thalweg/estimation/estimator.hpp"
#include "thalweg/index/estimator_names.hpp"
#include "thalweg/index/smoothed_sgd.hpp"
#include "thalweg/index/u_statistic.hpp"

namespace thalweg::index {

/// What commands let the user change about estimators; all else is as their headers say.
struct MethodOptions {
  int slices = 0;  ///< sir, save, u-statistic: of the response; 0 = their own default
  LabelKernel kernel = LabelKernel::kSlices;  ///< u-statistic
  bool refine = true;                         ///< partial-trace: power steps behind the trace

  // Of online-sgd and smoothed-sgd, see SmoothedSgdOptions; the chains take neither annealed radii
  // nor passes.
  SmoothedSgdOptions::Radius radius = SmoothedSgdOptions::Radius::kDefault;  ///< smoothed-sgd only
  double radius_exponent = 0.25;                                             ///< where it is kPower
  double rate_scale = 0.2;
  int passes = 1;

  bool rao_blackwell = false;  ///< langevin-average: average gradients in place of iterates
};

/// The estimator that --methods calls `name`.
/// @throws InvalidArgument  with the nearest name that there is
std::unique_ptr<estimation::Estimator> make_estimator(const std::string& name,
                                                      const MethodOptions& options = {});

/// kEstimatorNames as strings.
std::vector<std::string> estimator_names();

}  // namespace thalweg::index
