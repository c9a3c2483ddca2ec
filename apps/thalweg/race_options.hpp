#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// The options of a command that races methods over dimensions and sample sizes.
struct RaceSettings {
  std::string dimension;  ///< may be "auto" where the command knows which suit
  std::string samples = "auto";
  std::int64_t seeds = 12;
  std::int64_t checkpoint_every = 0;  ///< jobs; 0 = about once a minute

  std::vector<int> dimensions() const;
  bool automatic_samples() const { return samples == "auto"; }
  std::vector<std::int64_t> sample_sizes() const;  ///< where they are not automatic
};

void add_settings(run::Settings& settings, RaceSettings& options);

/// @throws InvalidArgument  lists that are none, not ascending or out of range
void check(const RaceSettings& options, const run::Settings& settings);

}  // namespace thalweg::app
