#pragma once

#include <string>
#include <vector>

namespace thalweg::dynamics {

/// What a step takes, in the two units that cost anything.
struct StepWork {
  double gradients = 0;
  double hessian_products = 0;  ///< columns
};

/// What a step of these processes typically takes, in sum: while no direction oscillates, and with
/// four that do. Counts of runs on networks of 1e5 weights; others need a third more or less.
///
/// @param substeps  of the central flow
/// @param spectra   whether eigenvalues of discrete and midpoint are wanted at every step
struct StepForecast {
  StepWork calm, at_edge;
};
StepForecast forecast_step(const std::vector<std::string>& processes, int substeps, bool spectra);

}  // namespace thalweg::dynamics
