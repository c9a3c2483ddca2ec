#include "thalweg/dynamics/step_forecast.hpp"

#include <gtest/gtest.h>

namespace thalweg::dynamics {
namespace {

TEST(StepForecast, AddsUpWhatTheProcessesTake) {
  const auto discrete = forecast_step({"discrete"}, 4, /*spectra=*/true);
  const auto central = forecast_step({"central"}, 4, /*spectra=*/true);
  const auto both = forecast_step({"discrete", "central"}, 4, /*spectra=*/true);
  EXPECT_EQ(both.calm.gradients, discrete.calm.gradients + central.calm.gradients);
  EXPECT_EQ(both.at_edge.hessian_products,
            discrete.at_edge.hessian_products + central.at_edge.hessian_products);
}

TEST(StepForecast, OfTheRunAloneWithoutSpectraIsOneGradient) {
  const auto forecast = forecast_step({"discrete"}, 4, /*spectra=*/false);
  EXPECT_EQ(forecast.calm.gradients, 1);
  EXPECT_EQ(forecast.at_edge.hessian_products, 0);
}

}  // namespace
}  // namespace thalweg::dynamics
