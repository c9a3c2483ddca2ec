#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "thalweg/base/npz.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/spectrum/lobpcg.hpp"

namespace thalweg::spectrum {

struct TrackerOptions {
  double threshold =
      1.5;           ///< all eigenvalues above it are wanted; the block grows until one lies below
  int minimum = 1;   ///< pairs always wanted
  int maximum = 16;  ///< largest number of wanted pairs (--max-eigenpairs)
  int guards = 1;    ///< extra vectors kept for crossings, never reported as converged
  int probe_every = 25;     ///< updates between two probes with a fresh random vector
  double tolerance = 1e-6;  ///< relative residual of the wanted pairs
  int max_iterations = 100;
  Key key = {};
};

/// Follows the leading eigenpairs of an operator that changes slowly.
///
/// Every update warm-starts LOBPCG with the last block; while the smallest wanted value is at or
/// above the threshold a random vector joins and the block is solved again; when more than one
/// wanted value lies below it for `probe_every` updates, the block shrinks. A fresh random vector
/// replaces the guard every `probe_every` updates, so that a direction that rises from below is not
/// missed. Vectors keep their sign from one update to the next.
class Tracker {
 public:
  Tracker(std::int64_t dimension, at::TensorOptions tensor_options, TrackerOptions options);

  /// Solves for the operator as it is now. The result holds the wanted pairs only (at least
  /// `minimum`), all converged unless its status says otherwise. `truncated()` says that more than
  /// `maximum` lie above the threshold; `products` is not kept. If the operator throws or returns a
  /// NaN, the tracker stays as it was.
  const EigenPairs& update(const LinearOperator& a);
  const EigenPairs& pairs() const { return pairs_; }
  bool truncated() const { return truncated_; }
  std::int64_t operator_columns() const {
    return operator_columns_;
  }  ///< products since construction

  /// Everything, for checkpoints: after set_state the next update gives the same bits.
  /// @throws InvalidArgument  if the state is of another dimension or dtype, or lacks a member
  NamedArrays state() const;
  void set_state(const NamedArrays& state);

 private:
  void advance(const LinearOperator& a);
  EigenPairs solve(const LinearOperator& a, const at::Tensor& block, const LobpcgOptions& options);
  EigenPairs follow(const LinearOperator& a);
  bool probe(const LinearOperator& a, const EigenPairs& found);
  at::Tensor resized(const at::Tensor& block, std::int64_t columns, Key key) const;
  void plan_size();

  std::int64_t dimension_;
  at::TensorOptions tensor_options_;
  TrackerOptions options_;
  EigenPairs pairs_;
  at::Tensor block_;  // (n, about wanted + guards), the next warm start
  std::int64_t
      wanted_;  // pairs solved for: those above the threshold and one below, at most maximum + 1
  std::int64_t updates_ = 0;
  std::int64_t iterations_ = 0;
  std::int64_t operator_columns_ = 0;
  std::int64_t quiet_updates_ = 0;  // updates in a row with more pairs solved for than needed
  bool truncated_ = false;
};

}  // namespace thalweg::spectrum
