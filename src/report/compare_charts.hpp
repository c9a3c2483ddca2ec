#pragma once

#include <vector>

#include "report/comparison.hpp"
#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

/// Series of several runs over the same steps: a colour a run, a stroke a process. Charts without a
/// line are left out.
std::vector<SeriesChart> compare_charts(const std::vector<ComparedRun>& runs);

/// What the strokes of these charts mean, for the processes that the runs have.
std::vector<Trace> stroke_legend(const std::vector<ComparedRun>& runs);

}  // namespace thalweg::report
