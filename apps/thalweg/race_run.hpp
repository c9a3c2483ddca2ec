#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "common_options.hpp"
#include "race_options.hpp"
#include "run_session.hpp"
#include <nlohmann/json_fwd.hpp>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/race.hpp"
#include "thalweg/index/sample_complexity.hpp"

namespace thalweg::app {

/// What is expected of each method beforehand.
using ExpectedSamples = std::map<std::string, index::SampleComplexity>;

/// The race that the settings describe, its problems keyed by the command's name. Automatic sizes
/// are neighbours a factor 1.4 apart, and a method runs up to four times what it is expected to
/// need, from a quarter of the least that one of them needs on; methods that never succeed are
/// shown what the most frugal of the others needs.
/// @param fewest  of an automatic grid, by dimension
estimation::RaceOptions race_options(
    const RaceSettings& settings,
    const CommonOptions& common,
    const std::string& command,
    const ExpectedSamples& expected,
    const std::function<double(int)>& fewest = [](int d) { return d + 1.0; });

/// Goes on from the session's checkpoint, if there is one, runs until finished or interrupted and
/// saves on the way. Returns the status, "done" or "interrupted".
std::string run_race(estimation::Race& race,
                     RunSession& session,
                     const RaceSettings& settings,
                     bool quiet);

/// `dimensions`, `samples` and `methods` of the results: overlap curves, sample sizes at overlap
/// 1/2, exponents with errors, beside the theory.
nlohmann::json race_results(const estimation::Race& race, const ExpectedSamples& expected);

/// Writes the summary and the page, and says how to go on where it was interrupted.
int finish_race(RunSession& session,
                const std::string& command,
                const std::string& status,
                nlohmann::json results);

/// Says the size of a race without running it. @param bytes  memory it takes in all
void report_race_size(const estimation::Race& race, const std::string& command, double bytes);

}  // namespace thalweg::app
