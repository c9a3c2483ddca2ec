#pragma once

#include <cstdint>
#include <functional>

namespace thalweg {

/// Calls body(0), ..., body(count - 1), each once, on up to `threads` threads (at least 1), in no
/// order.
///
/// A body that writes only what belongs to its own index gives the same bits at any number of
/// threads. The first exception ends the loop after the calls under way and is thrown again.
void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& body);

}  // namespace thalweg
