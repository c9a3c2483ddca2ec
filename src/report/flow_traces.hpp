#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/processes.hpp"
#include "report/run_data.hpp"
#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

// The lines that charts of flow runs are made of.

/// "central/train_loss".
std::string path_of(const Process& process, std::string_view name);

/// Gives a chart the steps that the rows of its longest line stand for.
void set_steps(SeriesChart& chart, const RunData& run);

/// "training loss, nats" from a series that has a unit, and not just the loss's own.
std::string with_unit(const std::string& quantity, const RunData& run, std::string_view series);

/// A series of a process, at most so many of its columns.
std::optional<Trace> process_trace(const RunData& run,
                                   const Process& process,
                                   std::string_view series,
                                   std::int64_t most_columns = 1);
void add_process_traces(SeriesChart& chart,
                        const RunData& run,
                        std::string_view series,
                        std::int64_t most_columns = 1);

/// Hides the midpoint where there are flows to see behind it.
void hide_midpoint(SeriesChart& chart, const RunData& run);

/// One column of a series, in the colours of a process.
std::optional<Trace> column_trace(const RunData& run,
                                  std::string_view series,
                                  std::int64_t column,
                                  const Process& process,
                                  const std::string& name);

/// The run's series averaged over its oscillation, from the edge on: what predictions are compared
/// with.
std::optional<Trace> averaged_run(const RunData& run, std::string_view series);

/// What a flow predicts of the run's average.
std::optional<Trace> predicted(const RunData& run,
                               const Process& process,
                               std::string_view series,
                               std::int64_t column = 0);

/// A chart of one series, a line a process; opens without the midpoint where there are flows.
SeriesChart process_chart(const RunData& run,
                          std::string_view series,
                          const std::string& title,
                          const std::string& quantity);

/// Whether the finite values of a series are all the same.
bool is_constant(const std::vector<double>& values);

}  // namespace thalweg::report
