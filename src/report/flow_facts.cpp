#include "report/flow_facts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr double kGood = 0.1, kFair = 0.3;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool is_finite(double value) { return std::isfinite(value); }

}  // namespace

Verdict verdict(double relative_error) {
  const double size = std::abs(relative_error);
  if (size < kGood) return {"good", Tone::kGood};
  if (size < kFair) return {"fair", Tone::kFair};
  return {"poor", Tone::kPoor};
}

std::string within_text(double relative_error) {
  const double size = std::abs(relative_error);
  if (size < 1e-3) return "within **0.1%**";
  return fmt::format("{} **{}**", size > 10 ? "off by" : "within", percent_text(size));
}

std::string judged(const std::string& what, double relative_error) {
  return fmt::format("{} {} ({})", what, within_text(relative_error), verdict(relative_error).word);
}

double edge_threshold(const Facts& facts) {
  return facts.number("results.edge.threshold").value_or(2);
}

std::string edge_text(const Facts& facts) { return number_text(edge_threshold(facts), 4); }

bool sharpness_was_measured(const Facts& facts) {
  const Process& process =
      has_process(facts, kCentral) && !has_process(facts, kDiscrete) ? kCentral : kDiscrete;
  return facts.number(fmt::format("results.processes.{}.sharpness", process.path)).has_value();
}

std::optional<double> largest_central_sharpness(const Facts& facts) {
  return facts.number("results.processes.central.largest_sharpness");
}

bool central_flow_is_held(const Facts& facts) {
  constexpr double kHeld = 1.025;
  const auto largest = largest_central_sharpness(facts);
  return largest && *largest <= kHeld * edge_threshold(facts);
}

bool has_process(const Facts& facts, const Process& process) {
  return facts.find(fmt::format("results.processes.{}", process.path)) != nullptr;
}

bool has_process(const RunData& run, const Process& process) {
  return run.find(fmt::format("{}/train_loss", process.path)) != nullptr ||
         has_process(run.facts, process);
}

bool is_adaptive(const RunData& run) {
  return std::any_of(run.series.begin(), run.series.end(), [](const auto& series) {
    const std::string& path = series.first;
    return path.ends_with("/opt.effective_step_size") || path.ends_with("/opt.ess_mean");
  });
}

double first_value(const std::vector<double>& values) {
  const auto found = std::find_if(values.begin(), values.end(), is_finite);
  return found == values.end() ? kNaN : *found;
}

double last_value(const std::vector<double>& values) {
  const auto found = std::find_if(values.rbegin(), values.rend(), is_finite);
  return found == values.rend() ? kNaN : *found;
}

double largest_value(const std::vector<double>& values) {
  double out = -std::numeric_limits<double>::infinity();
  for (const double value : values) out = std::isfinite(value) ? std::max(out, value) : out;
  return out;
}

double mean_from(const std::vector<double>& values, std::size_t first) {
  double sum = 0, count = 0;
  for (std::size_t i = first; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    sum += values[i];
    count += 1;
  }
  return count > 0 ? sum / count : kNaN;
}

}  // namespace thalweg::report
