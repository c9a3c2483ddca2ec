#pragma once

#include <vector>

#include "report/run_data.hpp"
#include "thalweg/report/series_chart.hpp"

namespace thalweg::report {

// The charts of a flow run. Each takes what series there are; a chart without any is empty().

SeriesChart loss_chart(const RunData& run);
SeriesChart sharpness_chart(const RunData& run);
SeriesChart gradient_chart(const RunData& run);
SeriesChart distance_chart(const RunData& run);

/// The displacement along the leading direction inside the band that the flow predicts for it.
SeriesChart oscillation_chart(const RunData& run);

/// Measured and predicted variance, one chart a direction.
std::vector<SeriesChart> variance_charts(const RunData& run);

/// A few outputs of the network, by process.
std::vector<SeriesChart> output_charts(const RunData& run);

/// Effective step sizes, second moment, and a learning rate that varies.
std::vector<SeriesChart> step_size_charts(const RunData& run);

/// Loss and accuracy on the test examples beside those on the training examples.
std::vector<SeriesChart> test_charts(const RunData& run);

/// Accuracy, number of unstable directions, size of the oscillation, substeps of the flows.
std::vector<SeriesChart> further_charts(const RunData& run);

}  // namespace thalweg::report
