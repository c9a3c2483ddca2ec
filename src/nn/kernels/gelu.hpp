#pragma once

#include <span>

namespace thalweg::nn::kernels {

/// out = v g phi(x) (2 - x^2), element by element, phi the normal density; `out` may be one of the
/// others. Relative error 4 epsilon, of phi 1 + x^2 / 2 times that.
/// Memory-bound: reads three arrays and writes one.
void gelu_curvature_times(std::span<const float> x,
                          std::span<const float> v,
                          std::span<const float> g,
                          std::span<float> out);
void gelu_curvature_times(std::span<const double> x,
                          std::span<const double> v,
                          std::span<const double> g,
                          std::span<double> out);

}  // namespace thalweg::nn::kernels
