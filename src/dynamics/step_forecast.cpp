#include "thalweg/dynamics/step_forecast.hpp"

namespace thalweg::dynamics {
namespace {

StepWork operator+(const StepWork& a, const StepWork& b) {
  return {a.gradients + b.gradients, a.hessian_products + b.hessian_products};
}

/// Eigenvalues of a process are followed from step to step: two products a pair while they change
/// slowly.
StepForecast forecast_of(const std::string& process, double substeps, bool spectra) {
  const double followed = spectra ? 5 : 0;
  if (process == "discrete") return {{1, followed}, {1, 3 * followed}};
  if (process == "midpoint") return {{1, followed}, {1, 1.5 * followed}};
  if (process == "stable") return {{4, 5}, {20, 5}};
  if (process == "rod") return {{2 * substeps, 0}, {2 * substeps, 0}};
  // The central flow and its relatives: third derivatives along k directions take k(k + 1)
  // gradients, each substep but the first k products, the eigensolver about six for each direction.
  return {{substeps, 5}, {substeps + 20, 4 * (substeps - 1) + 24}};
}

}  // namespace

StepForecast forecast_step(const std::vector<std::string>& processes, int substeps, bool spectra) {
  StepForecast sum;
  for (const auto& process : processes) {
    const auto forecast = forecast_of(process, substeps, spectra);
    sum.calm = sum.calm + forecast.calm;
    sum.at_edge = sum.at_edge + forecast.at_edge;
  }
  return sum;
}

}  // namespace thalweg::dynamics
