#pragma once

#include <array>
#include <string_view>

namespace thalweg::index {

/// What `thalweg tensorpca --methods` takes. Apart from the methods themselves, so that the program
/// that only names them links none.
inline constexpr auto kTensorMethods =
    std::to_array<std::string_view>({"langevin-average", "partial-trace", "power", "unfolding"});

}  // namespace thalweg::index
