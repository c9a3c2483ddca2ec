#pragma once

#include "thalweg/base/random.hpp"
#include "thalweg/dynamics/flow.hpp"

namespace thalweg::dynamics {

struct RodFlowOptions {
  int substeps = 4;  ///< Euler steps a step of the optimizer, >= 1
  Key key = {};      ///< of the random direction that keeps the rod from vanishing
};

/// The rod flow: two successive iterates as the ends c +- h of a rod. With gbar, d = (g(c+h) +-
/// g(c-h))/2 the optimizer obeys c+ = c - M^{-1} gbar, h+ = h - M^{-1} d; h changes its sign at
/// each step, and up to that sign
///
///   dc/dt = -M^{-1} gbar,   dh/dt = M^{-1} d - 2h,   dnu/dt = r [ (g(c+h)^2 + g(c-h)^2)/2 - nu ].
///
/// It needs no eigenvectors and holds the whole oscillation in one direction. `weights()` is the
/// mean of the centres half a step before and after, the twin of the midpoints. Cost of a step: two
/// gradients a substep and one for the state. Source: [Regis2026], arXiv:2602.01480, for gradient
/// descent (derived anew from the recursion above); the second moment is ours.
class RodFlow final : public Flow {
 public:
  /// @param before  the optimizer's state before the gradient at `weights`
  /// @throws InvalidArgument  for a rule with momentum, whose step is no function of a rod
  RodFlow(objective::Objective& objective,
          const UpdateRule& rule,
          const at::Tensor& weights,
          const RodFlowOptions& options,
          const OptimizerState& before = {});

  FlowState step(bool move) override;
  const at::Tensor& half_length() const { return half_; }  ///< h [P]

  NamedArrays state() const override;
  void set_state(const NamedArrays& state) override;

 private:
  struct Ends {
    at::Tensor plus, minus;  // gradients at c +- h, in double
    double loss = 0;         // mean of both
  };
  Ends evaluate_ends() const;
  void keep_visible();

  RodFlowOptions options_;
  at::Tensor centre_, half_;  // c and h, half a step after `weights_`
};

}  // namespace thalweg::dynamics
