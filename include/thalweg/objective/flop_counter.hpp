#pragma once

#include <functional>

namespace thalweg::objective {

/// Floating-point operations of the matrix products and convolutions that libtorch does during
/// `work` on this thread (two for a multiplication and an addition); what is done element by
/// element is not counted.
double count_flops(const std::function<void()>& work);

}  // namespace thalweg::objective
