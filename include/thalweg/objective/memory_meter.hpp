#pragma once

#include <cstdint>
#include <functional>

#include "thalweg/objective/batch_loss.hpp"

namespace thalweg::objective {

/// Largest number of tensor bytes alive at once during `work`, beyond those alive before; as
/// libtorch's allocator counts.
std::int64_t peak_tensor_bytes(const std::function<void()>& work);

/// The largest micro-batch whose Hessian products (the most memory a run needs at a time) stay
/// within `bytes`, from trial evaluations on few examples. Returns all examples where they fit.
///
/// @param weights  [P], of the loss's dtype and device
/// @throws InvalidArgument  if not even one example fits: says how much is needed
std::int64_t micro_batch_within(const BatchLoss& loss,
                                const at::Tensor& weights,
                                std::int64_t bytes);

}  // namespace thalweg::objective
