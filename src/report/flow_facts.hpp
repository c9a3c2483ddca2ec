#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/processes.hpp"
#include "report/run_data.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {

/// How far a prediction is from the measurement, as a relative error: good below 10%, fair below
/// 30%, poor above.
struct Verdict {
  std::string word;
  Tone tone;
};
Verdict verdict(double relative_error);

/// "within **8.3%**" (rich text); "off by **over 1000%**" where nothing agrees.
std::string within_text(double relative_error);

/// "the training loss within **8.3%** (good)".
std::string judged(const std::string& what, double relative_error);

/// The effective sharpness from which the optimizer of a run oscillates: 2, with momentum more.
double edge_threshold(const Facts& facts);
std::string edge_text(const Facts& facts);  ///< the same for readers: "2", "38"
inline double edge_threshold(const RunData& run) { return edge_threshold(run.facts); }
inline std::string edge_text(const RunData& run) { return edge_text(run.facts); }

/// Whether the spectra of the run, or of the central flow where there is no run, were taken.
bool sharpness_was_measured(const Facts& facts);

/// The largest effective sharpness of the central flow, as its chart shows it.
std::optional<double> largest_central_sharpness(const Facts& facts);
/// Whether that is the edge, up to 2.5 % as in the warnings of a run: the flow is held there.
bool central_flow_is_held(const Facts& facts);

/// Whether the process has a line in the summary; of a run, a series will do.
bool has_process(const Facts& facts, const Process& process);
bool has_process(const RunData& run, const Process& process);
/// Whether the optimizer chooses its step sizes itself, from the gradients it has seen.
bool is_adaptive(const RunData& run);

/// The finite value of a series that comes first or last; NaN if there is none.
double first_value(const std::vector<double>& values);
double last_value(const std::vector<double>& values);
/// The largest finite value, -infinity if there is none.
double largest_value(const std::vector<double>& values);
/// The mean of the finite values from row `first` on; NaN if there is none.
double mean_from(const std::vector<double>& values, std::size_t first);

}  // namespace thalweg::report
