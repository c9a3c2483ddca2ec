#include <cmath>
#include <cstdio>

#include <ATen/ATen.h>

#include "thalweg/spectrum/lobpcg.hpp"

// The largest eigenvalue of diag(1, 2, ..., 50) is 50.
int main() {
  const at::Tensor diagonal = at::arange(1, 51, at::kDouble).unsqueeze(1);
  const auto found = thalweg::spectrum::lobpcg([&](const at::Tensor& v) { return diagonal * v; },
                                               at::ones({50, 1}, at::kDouble));
  const double largest = found.values[0].item<double>();
  std::printf("%.17g\n", largest);
  return std::abs(largest - 50) < 1e-6 ? 0 : 1;
}
