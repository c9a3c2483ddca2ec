#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "race_options.hpp"
#include "run_session.hpp"
#include <nlohmann/json_fwd.hpp>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/race.hpp"

namespace thalweg::app {

/// What the theory says beforehand about a method: n grows like d^exponent; nothing where no number
/// of samples is enough.
using TheoryExponents = std::map<std::string, std::optional<double>>;

/// Goes on from the session's checkpoint, if there is one, runs until finished or interrupted and
/// saves on the way. Returns the status, "done" or "interrupted".
std::string run_race(estimation::Race& race,
                     RunSession& session,
                     const RaceSettings& settings,
                     bool quiet);

/// `dimensions`, `samples` and `methods` of the results: overlap curves, sample sizes at overlap
/// 1/2, exponents with errors, beside the theory.
nlohmann::json race_results(const estimation::Race& race, const TheoryExponents& theory);

/// Writes the summary and the page, and says how to go on where it was interrupted.
int finish_race(RunSession& session,
                const std::string& command,
                const std::string& status,
                nlohmann::json results);

/// Says the size of a race without running it. @param bytes  memory it takes in all
void report_race_size(const estimation::Race& race, const std::string& command, double bytes);

}  // namespace thalweg::app
