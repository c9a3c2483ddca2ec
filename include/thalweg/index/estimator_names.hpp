#pragma once

#include <array>
#include <string_view>

namespace thalweg::index {

/// What --methods takes, classical methods first. Apart from the estimators themselves, so that the
/// program that only names them links none. Who adds one, adds it here and in estimators.cpp, in
/// the same place.
inline constexpr auto kEstimatorNames = std::to_array<std::string_view>({
    "ols",
    "sir",
    "save",
    "phd",
    "partial-trace",
    "u-statistic",
    "online-sgd",
    "smoothed-sgd",
    "langevin-average",
    "sgd-average",
});

/// Those of them that look for several directions at once, whatever the link.
inline constexpr auto kMultiIndexNames =
    std::to_array<std::string_view>({"sir", "save", "phd", "u-statistic"});

/// Methods that simulate an estimator's overlap without drawing rows: see chain_racers.hpp.
inline constexpr auto kChainNames = std::to_array<std::string_view>({
    "online-sgd-chain",
    "smoothed-sgd-chain",
});

}  // namespace thalweg::index
