#pragma once

#include <string>
#include <vector>

#include "problem.hpp"

namespace thalweg::app {

/// What the building blocks cost on this machine, measured at the start of a run.
struct WorkCost {
  double gradient_seconds = 0;  ///< one gradient
  double hessian_product_seconds =
      0;  ///< one column of a block of four, the graph's share included
};

/// Medians of a few evaluations at the initial weights.
WorkCost measure_work(Problem& problem);

/// What --dry-run prints instead of a run: parameters, examples, floating-point operations and
/// memory. Returns the exit code.
/// @param duration  a sentence on the time; "" for none
int report_size(const Problem& problem,
                const std::string& command,
                const std::string& duration = {});

double median(std::vector<double> values);  ///< NaN of nothing

}  // namespace thalweg::app
