#pragma once

#include <memory>

#include "thalweg/estimation/estimator.hpp"

namespace thalweg::index {

struct PartialTraceOptions {
  /// For k >= 3 and one direction: tensor power steps from the partial trace, w <- T[w, ..., w]
  /// made a unit vector, while |T[w, ..., w, w]| grows. They turn an overlap above sqrt(d / n) into
  /// one near 1, so that n of order d^{k/2} suffices for odd k, too, where the trace alone needs
  /// d^{(k+1)/2}.
  bool refine = true;
  int most_steps = 30;

  /// Where the target has no label transform: the best of label_transforms(); else y as it comes.
  bool choose_transform = true;
};

/// Partial trace of T = (1/n) sum_i t_i h_k(x_i), k the target's order, t the transformed label.
///
/// Odd k: the vector T[I, ..., I], made a unit vector: one direction. Even k: eigenvectors of the
/// matrix T[I, ..., I] with the eigenvalues of largest modulus; at k = 2, where skewed labels skew
/// the bulk, either sign is measured by how far the bulk reaches on its side.
///
/// t is the label, transformed and centred: raw heavy-tailed labels spoil orders from 3 up. Rows
/// are standard normal (whitened first). Cost: n d per pass for odd k and for a power step, n d^2
/// flops for even k. Source: [Damian2024], arXiv:2403.05529, Section 4.
std::unique_ptr<estimation::Estimator> partial_trace(const PartialTraceOptions& options = {});

}  // namespace thalweg::index
