#pragma once

#include <cstdint>

namespace thalweg::data {

/// Each class costs an output of the network, each token an embedding. Larger labels and tokens are
/// identifiers, not classes.
constexpr std::int64_t kMaxClasses = std::int64_t{1} << 20;

}  // namespace thalweg::data
