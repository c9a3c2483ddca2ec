#include "thalweg/dynamics/flow_summary.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thalweg::dynamics {
namespace {

using nlohmann::json;
using run::Recorder;
using run::Series;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The central flow holds the sharpness at the edge, up to this factor.
constexpr double kHeld = 1.025;

/// Element (row, column) of a series; NaN where there is none.
double value(const Recorder& recorder,
             const std::string& path,
             std::int64_t row,
             std::int64_t column = 0) {
  const Series* series = recorder.find(path);
  if (series == nullptr || row < 0 || row >= series->rows || column >= series->columns) return kNaN;
  return series->at(row, column);
}

std::int64_t rows(const Recorder& recorder, const std::string& path) {
  const Series* series = recorder.find(path);
  return series == nullptr ? 0 : series->rows;
}

/// The first row for which `condition` holds.
std::optional<std::int64_t> first_row(std::int64_t rows,
                                      const std::function<bool(std::int64_t)>& condition) {
  for (std::int64_t t = 0; t < rows; ++t) {
    if (condition(t)) return t;
  }
  return {};
}

std::optional<std::int64_t> last_row(const Recorder& recorder, const std::string& path) {
  for (std::int64_t t = rows(recorder, path) - 1; t >= 0; --t) {
    if (!std::isnan(value(recorder, path, t))) return t;
  }
  return {};
}

json nullable(const std::optional<std::int64_t>& row) { return row ? json(*row) : json(nullptr); }

/// Sum of the finite elements of a row.
double row_sum(const Recorder& recorder, const std::string& path, std::int64_t row, bool squared) {
  const Series* series = recorder.find(path);
  double sum = 0;
  for (std::int64_t i = 0; series != nullptr && row < series->rows && i < series->columns; ++i) {
    const double x = series->at(row, i);
    if (std::isfinite(x)) sum += squared ? x * x : x;
  }
  return sum;
}

struct Edge {
  std::optional<std::int64_t> first_step, first_step_central, first_burst;
  std::int64_t directions = 0;
};

Edge find_edge(const Recorder& recorder, const FlowFacts& facts) {
  Edge edge;
  const std::string discrete = "discrete/effective_hessian_eigs", rank = "central/flow_aux/rank";
  edge.first_step = first_row(rows(recorder, discrete), [&](std::int64_t t) {
    return t >= facts.warm_start && value(recorder, discrete, t) >= facts.edge;
  });
  edge.first_step_central =
      first_row(rows(recorder, rank), [&](std::int64_t t) { return value(recorder, rank, t) > 0; });
  for (std::int64_t t = 0; t < rows(recorder, rank); ++t) {
    if (value(recorder, rank, t) > 0) {
      edge.directions =
          std::max(edge.directions, static_cast<std::int64_t>(value(recorder, rank, t)));
    }
  }
  // The oscillation is there once it carries half of the variance that the flow predicts.
  edge.first_burst = first_row(rows(recorder, "midpoint_deltas"), [&](std::int64_t t) {
    const double predicted = row_sum(recorder, "central/predicted_variances", t, false);
    return predicted > 0 && row_sum(recorder, "midpoint_deltas", t, true) >= predicted / 2;
  });
  return edge;
}

json edge_json(const Edge& edge, double threshold) {
  json delay = nullptr;
  if (edge.first_step && edge.first_burst) delay = *edge.first_burst - *edge.first_step;
  return {{"threshold", threshold},
          {"first_step", nullable(edge.first_step)},
          {"first_step_central", nullable(edge.first_step_central)},
          {"directions", edge.directions},
          {"delay", delay}};
}

/// The largest finite value of a series of the first column; null where there is none.
json largest(const Recorder& recorder, const std::string& path) {
  double found = -std::numeric_limits<double>::infinity();
  for (std::int64_t t = 0; t < rows(recorder, path); ++t) {
    const double x = value(recorder, path, t);
    if (std::isfinite(x)) found = std::fmax(found, x);
  }
  return std::isfinite(found) ? json(found) : json(nullptr);
}

/// The mean of the finite values of the first column from row `first` on; null where there is none.
json mean_from(const Recorder& recorder, const std::string& path, std::int64_t first) {
  double sum = 0, count = 0;
  for (std::int64_t t = first; t < rows(recorder, path); ++t) {
    const double x = value(recorder, path, t);
    if (!std::isfinite(x)) continue;
    sum += x;
    count += 1;
  }
  return count > 0 ? json(sum / count) : json(nullptr);
}

std::int64_t count_rows(const Recorder& recorder,
                        const std::string& path,
                        const std::function<bool(std::int64_t)>& condition) {
  std::int64_t count = 0;
  for (std::int64_t t = 0; t < rows(recorder, path); ++t) count += condition(t) ? 1 : 0;
  return count;
}

/// Steps at which a loss rose by more than its rounding (float32, sums over many examples).
std::int64_t count_rises(const Recorder& recorder, const std::string& path) {
  constexpr double kRounding = 1e-5;
  return count_rows(recorder, path, [&](std::int64_t t) {
    const double before = value(recorder, path, t - 1), here = value(recorder, path, t);
    return here > before + kRounding * std::abs(before);
  });
}

/// What a process did on its way, and its scores at the end, where they were recorded.
void add_course(json& process,
                const Recorder& recorder,
                const std::string& name,
                const Edge& edge) {
  const std::string sharpness = name + "/effective_hessian_eigs";
  process["largest_sharpness"] = largest(recorder, sharpness);
  if (edge.first_step) process["mean_sharpness"] = mean_from(recorder, sharpness, *edge.first_step);
  process["loss_rises"] = count_rises(recorder, name + "/train_loss");
  for (const auto& [key, series] : {std::pair("train_accuracy", "/train_acc"),
                                    std::pair("test_loss", "/test_loss"),
                                    std::pair("test_accuracy", "/test_acc")}) {
    const auto last = last_row(recorder, name + series);
    if (last) process[key] = value(recorder, name + series, *last);
  }
}

json processes_json(const Recorder& recorder, const Edge& edge) {
  json processes = json::object();
  for (const std::string name :
       {"discrete", "midpoint", "central", "stable", "rod", "stationary", "ablated"}) {
    const auto last = last_row(recorder, name + "/train_loss");
    if (!last) continue;
    json& process = processes[name];
    process = {{"steps", *last},
               {"loss", value(recorder, name + "/train_loss", *last)},
               {"sharpness", value(recorder, name + "/effective_hessian_eigs", *last)},
               {"gradient_norm2", value(recorder, name + "/grad_norm_sq", *last)}};
    add_course(process, recorder, name, edge);
    if (recorder.find(name + "/predicted_loss") == nullptr) continue;
    process["predicted_loss"] = value(recorder, name + "/predicted_loss", *last);
    process["predicted_gradient_norm2"] = value(recorder, name + "/predicted_grad_norm_sq", *last);
  }
  return processes;
}

/// Sums of a prediction and of its measurement over the rows from `first` on where both are there.
struct Sums {
  double predicted = 0, measured = 0;
  void add(double prediction, double measurement) {
    if (!std::isfinite(prediction) || !std::isfinite(measurement)) return;
    predicted += prediction;
    measured += measurement;
  }
  double ratio() const { return measured > 0 ? predicted / measured : kNaN; }
};

double mean_error(const Recorder& recorder,
                  const std::string& predicted,
                  const std::string& measured,
                  std::int64_t first) {
  Sums sums;
  for (std::int64_t t = first; t < rows(recorder, predicted); ++t) {
    sums.add(value(recorder, predicted, t), value(recorder, measured, t));
  }
  return sums.ratio() - 1;
}

json variance_ratio_json(const Recorder& recorder, std::int64_t first) {
  const std::string predicted = "central/predicted_variances", measured = "midpoint_deltas";
  const Series* series = recorder.find(predicted);
  json directions = json::array();
  Sums total;
  for (std::int64_t i = 0; series != nullptr && i < series->columns; ++i) {
    Sums sums;
    for (std::int64_t t = first; t < series->rows; ++t) {
      const double delta = value(recorder, measured, t, i);
      sums.add(value(recorder, predicted, t, i), delta * delta);
    }
    if (sums.predicted == 0) continue;
    directions.push_back(sums.ratio());
    total.add(sums.predicted, sums.measured);
  }
  return {{"total", total.ratio()}, {"directions", directions}};
}

std::string distance_path(std::string a, std::string b) {
  if (b < a) std::swap(a, b);
  return fmt::format("distances/{}-{}", a, b);
}

/// Distances of a flow to the midpoints where they were run, else to the discrete run: at the last
/// step, and on average.
std::pair<double, double> distances_to_run(const Recorder& recorder, const std::string& flow) {
  const bool midpoint = recorder.find("midpoint/train_loss") != nullptr;
  const std::string path = distance_path(flow, midpoint ? "midpoint" : "discrete");
  const auto last = last_row(recorder, path);
  if (!last) return {kNaN, kNaN};
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t t = 0; t <= *last; ++t) {
    const double d = value(recorder, path, t);
    if (std::isnan(d)) continue;
    sum += d;
    ++count;
  }
  return {value(recorder, path, *last), sum / static_cast<double>(count)};
}

json prediction_json(const Recorder& recorder, const Edge& edge) {
  json distance = json::object(), mean = json::object();
  for (const std::string flow : {"central", "stable", "rod", "stationary", "ablated"}) {
    if (flow != "central" && flow != "stable" && rows(recorder, flow + "/train_loss") == 0)
      continue;
    std::tie(distance[flow], mean[flow]) = distances_to_run(recorder, flow);
  }
  json prediction = {{"weight_distance", distance},
                     {"weight_distance_mean", mean},
                     {"loss_error", nullptr},
                     {"gradient_norm2_error", nullptr},
                     {"variance_ratio", {{"total", nullptr}, {"directions", json::array()}}}};
  if (!edge.first_step) return prediction;
  prediction["loss_error"] =
      mean_error(recorder, "central/predicted_loss", "discrete/train_loss", *edge.first_step);
  prediction["gradient_norm2_error"] = mean_error(
      recorder, "central/predicted_grad_norm_sq", "discrete/grad_norm_sq", *edge.first_step);
  prediction["variance_ratio"] = variance_ratio_json(recorder, *edge.first_step);
  if (rows(recorder, "rod/train_loss") > 0) {
    prediction["rod_loss_error"] =
        mean_error(recorder, "rod/predicted_loss", "discrete/train_loss", *edge.first_step);
  }
  return prediction;
}

/// What was not trustworthy, each with what to do about it.
class Advice {
 public:
  Advice(const Recorder& recorder, const FlowFacts& facts, const Edge& edge)
      : recorder_(recorder), facts_(facts), edge_(edge) {
    check_divergence();
    check_start();
    check_differences();
    check_eigenpairs();
    check_overshoot();
    check_monotone();
    check_delay();
    check_edge_reached();
  }

  json warnings = json::array();
  json suggestions = json::array();

 private:
  void check_divergence() {
    for (const std::string& failure : facts_.failures) warnings.push_back(failure);
    if (!facts_.diverged) return;
    warnings.push_back(
        "The discrete run diverged: its loss is no longer finite, or out of all proportion to "
        "where it began.");
    suggestions.push_back(
        fmt::format("Try a learning rate below {:.3g}.", facts_.learning_rate / 2));
  }

  void check_start() {
    const double start = value(recorder_, "discrete/effective_hessian_eigs", facts_.warm_start);
    if (!(start > facts_.edge)) return;
    warnings.push_back(fmt::format(
        "The {} started above the edge of stability (effective sharpness {:.3g} > {:.3g}), "
        "which the theory does not cover.",
        recorder_.find("central/train_loss") != nullptr ? "flows" : "run",
        start,
        facts_.edge));
    suggestions.push_back(fmt::format(
        "Let the run settle first (--warm-start {}), or take a learning rate below {:.3g}.",
        std::max<std::int64_t>(10, 2 * facts_.warm_start),
        facts_.learning_rate * facts_.edge / start));
  }

  void check_differences() {
    if (facts_.difference_trustworthy) return;
    const std::string reason =
        facts_.kinks.empty()
            ? "the loss is too rough at the scale of the oscillations, or for this precision"
            : fmt::format("the network has kinks ({}), to which the central flow is blind",
                          facts_.kinks);
    warnings.push_back(
        fmt::format("Third derivatives do not converge (relative error {:.2g}): {}. Its "
                    "predictions are not to be trusted.",
                    facts_.difference_error,
                    reason));
    if (!facts_.kinks.empty())
      suggestions.push_back("Use smooth activations (GELU, SiLU, tanh) and average pooling.");
    else if (facts_.single_precision)
      suggestions.push_back("Try --dtype float64.");
  }

  void check_eigenpairs() {
    const std::string path = "central/eig_logs/converged";
    const std::int64_t unconverged =
        count_rows(recorder_, path, [&](std::int64_t t) { return value(recorder_, path, t) == 0; });
    if (unconverged > 0) {
      warnings.push_back(
          fmt::format("Eigenpairs of the central flow missed their tolerance at {} of {} steps.",
                      unconverged,
                      rows(recorder_, path)));
      suggestions.push_back("Use --dtype float64, or a larger --eigen-tolerance.");
    }
    if (!facts_.truncated) return;
    warnings.push_back(
        "More directions came near the edge than --max-eigenpairs allows; the rest were left out.");
    suggestions.push_back("Raise --max-eigenpairs.");
  }

  void check_overshoot() {
    const std::string path = "central/effective_hessian_eigs";
    if (!edge_.first_step_central) return;
    const std::int64_t settled = *edge_.first_step_central + 2;
    const std::int64_t over = count_rows(recorder_, path, [&](std::int64_t t) {
      return t >= settled && value(recorder_, path, t) >= facts_.edge * kHeld;
    });
    if (over == 0) return;
    warnings.push_back(fmt::format(
        "The central flow is not resolved in time: at {} of its steps the effective sharpness was "
        "above the edge, {:.4g}, by more than {:.2g} %; it reached {:.4g}.",
        over,
        facts_.edge,
        100 * (kHeld - 1),
        largest(recorder_, path).get<double>()));
    suggestions.push_back("Raise --substeps, or lower --critical-threshold.");
  }

  void check_monotone() {
    if (!facts_.monotone) return;
    const std::int64_t increases = count_rises(recorder_, "central/train_loss");
    if (increases == 0) return;
    warnings.push_back(fmt::format(
        "The central flow's loss rose at {} steps; for gradient descent the theory says never.",
        increases));
    suggestions.push_back("Raise --substeps.");
  }

  void check_delay() {
    if (!edge_.first_step || recorder_.find("midpoint_deltas") == nullptr) return;
    if (!edge_.first_burst) {
      warnings.push_back(fmt::format(
          "Delayed onset: the run passed the edge at step {} and has hardly begun to oscillate by "
          "the end, because its oscillation must grow from rounding errors. What the flow "
          "predicts cannot be compared with it yet.",
          *edge_.first_step));
      suggestions.push_back(
          "Run longer (--steps), or start closer to the edge with a larger --learning-rate.");
      return;
    }
    const std::int64_t delay = *edge_.first_burst - *edge_.first_step;
    if (delay * 10 < facts_.steps) return;
    warnings.push_back(fmt::format(
        "Delayed onset: the run passed the edge at step {} but began to oscillate only {} steps "
        "later, because its oscillation had to grow from rounding errors. The flow turns at "
        "the edge at once, so weights differ in between; long averages still compare.",
        *edge_.first_step,
        delay));
  }

  void check_edge_reached() {
    if (facts_.diverged || edge_.first_step || edge_.first_step_central) return;
    const auto last = last_row(recorder_, "discrete/effective_hessian_eigs");
    if (!last) return;
    const double sharpness = value(recorder_, "discrete/effective_hessian_eigs", *last);
    suggestions.push_back(
        fmt::format("The edge was not reached (effective sharpness {:.3g} at the end): run longer "
                    "(--steps) or with a larger --learning-rate, up to about {:.2g}.",
                    sharpness,
                    facts_.learning_rate * facts_.edge / std::fmax(sharpness, 1e-12)));
  }

  const Recorder& recorder_;
  const FlowFacts& facts_;
  const Edge& edge_;
};

}  // namespace

void record_measured_variances(run::Recorder& recorder) {
  const Series* found = recorder.find("midpoint_deltas");
  if (found == nullptr || recorder.find("measured_variances") == nullptr) return;
  const Series deltas = *found;
  const double width = std::fmax(1.0, 0.02 * static_cast<double>(deltas.rows));
  const auto reach = static_cast<std::int64_t>(std::ceil(2.5 * width));
  for (std::int64_t t = 0; t < deltas.rows; ++t) {
    std::vector<double> smoothed(static_cast<std::size_t>(deltas.columns), kNaN);
    for (std::int64_t i = 0; i < deltas.columns; ++i) {
      double sum = 0, weight = 0;
      for (std::int64_t s = std::max<std::int64_t>(0, t - reach);
           s < std::min(deltas.rows, t + reach + 1);
           ++s) {
        const double delta = deltas.at(s, i);
        if (!std::isfinite(delta)) continue;
        const double distance = static_cast<double>(s - t) / width;
        const double w = std::exp(-distance * distance / 2);
        sum += w * delta * delta;
        weight += w;
      }
      if (weight > 0) smoothed[static_cast<std::size_t>(i)] = sum / weight;
    }
    recorder.record("measured_variances", t, smoothed);
  }
}

json summarize_flow(const Recorder& recorder, const FlowFacts& facts) {
  const Edge edge = find_edge(recorder, facts);
  Advice advice(recorder, facts, edge);
  return {{"edge", edge_json(edge, facts.edge)},
          {"processes", processes_json(recorder, edge)},
          {"prediction", prediction_json(recorder, edge)},
          {"warnings", std::move(advice.warnings)},
          {"suggestions", std::move(advice.suggestions)}};
}

}  // namespace thalweg::dynamics
