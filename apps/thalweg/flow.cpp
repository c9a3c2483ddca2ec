#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "flow_options.hpp"
#include "problem.hpp"
#include "run_session.hpp"
#include "work_cost.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/dynamics/central_flow.hpp"
#include "thalweg/dynamics/flow_comparison.hpp"
#include "thalweg/dynamics/flow_summary.hpp"
#include "thalweg/dynamics/step_forecast.hpp"
#include "thalweg/nn/device.hpp"
#include "thalweg/run/interrupt.hpp"
#include "thalweg/spectrum/tracker.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

/// The central flow follows every direction near the edge.
spectrum::TrackerOptions central_tracker(const FlowOptions& options) {
  // The eigenvalue's error is the residual's square over the gap: these leave it at rounding.
  const double by_dtype = options.common.dtype == "float32" ? 1e-3 : 1e-6;
  return {.threshold = options.track_threshold,
          .maximum = static_cast<int>(options.max_eigenpairs),
          .tolerance = options.eigen_tolerance > 0 ? options.eigen_tolerance : by_dtype,
          .key = Key{.seed = static_cast<std::uint64_t>(options.common.seed)}.with("tracker")};
}

/// The other processes report the leading eigenvalues only, whose relative error is the square of
/// this residual.
spectrum::TrackerOptions leading_tracker(const FlowOptions& options, int pairs) {
  auto tracker = central_tracker(options);
  tracker.threshold = INFINITY;
  tracker.minimum = pairs;
  tracker.tolerance *= 10;
  return tracker;
}

dynamics::FlowComparisonOptions comparison_options(const FlowOptions& options,
                                                   const Problem& problem,
                                                   const dynamics::OptimizerState& start) {
  constexpr int kReportedPairs = 3;
  const auto leading = leading_tracker(options, kReportedPairs);
  return {
      .processes = options.processes,
      .steps = options.steps,
      .warm_start = options.warm_start,
      .spectrum_every = options.eigen_every,
      .raw_eigenvalues = options.raw_eigenvalues,
      .preconditioners_every = options.preconditioners_every,
      .coordinates = options.coordinates,
      .initial_state = start,
      .central_flow = {.substeps = static_cast<int>(options.substeps),
                       .tolerance = options.tolerance,
                       .critical_threshold = *options.critical_threshold,
                       .return_time = options.return_time,
                       .third_derivative_every = static_cast<int>(options.third_derivative_every),
                       .tracker = central_tracker(options)},
      .stable_flow = {.limit = options.stable_limit, .tracker = leading},
      .rod_flow = {.substeps = static_cast<int>(options.substeps), .key = leading.key.with("rod")},
      .tracker = leading,
      .chosen_outputs =
          chosen_outputs(problem.has_outputs ? problem.batch_loss : nullptr, options.outputs),
      .chosen_test_outputs = chosen_outputs(problem.test_loss, options.outputs),
      .accuracy = problem.accuracy,
      .test = problem.test};
}

/// What the optimizer carries into the run, as far as its rule keeps it.
dynamics::OptimizerState initial_state(const Problem& problem,
                                       const FlowOptions& options,
                                       const dynamics::UpdateRule& rule) {
  const auto tensor_options = problem.objective->options();
  const auto& given = problem.initial_state;
  dynamics::OptimizerState state{.time = given.time};
  if (rule.options().momentum != dynamics::Momentum::kNone && given.momentum.defined())
    state.momentum = given.momentum.to(tensor_options);
  if (rule.options().second_moment == dynamics::SecondMoment::kNone) return state;
  if (!given.second_moment.defined()) {
    if (!options.problem.init.empty()) {
      log_info(
          fmt::format("{} holds no second moments: they start at 0; --warm-start lets them settle.",
                      options.problem.init));
    }
    return state;
  }
  if (options.bias_correction && given.time == 0) {
    throw InvalidArgument("--bias-correction",
                          fmt::format("needs the number of steps behind the second moments: a "
                                      "number `step` in {}.",
                                      options.problem.init));
  }
  if (given.second_moment.numel() == 1 &&
      rule.options().second_moment == dynamics::SecondMoment::kDiagonal) {
    throw BadInput(options.problem.init,
                   "holds one second moment for all weights, of Scalar RMSProp; this optimizer "
                   "needs one for each weight.");
  }
  // The average of |g|^2 is the sum of the averages of g_i^2.
  state.second_moment = rule.collect(given.second_moment.to(tensor_options));
  return state;
}

dynamics::UpdateRule make_rule(const FlowOptions& options, double learning_rate) {
  return dynamics::UpdateRule(dynamics::optimizer_named(
      options.optimizer,
      {.learning_rate = learning_rate,
       .beta1 = options.optimizer == "momentum" ? options.momentum : options.beta1,
       .beta2 = *options.beta2,
       .epsilon = *options.epsilon,
       .bias_correction = options.bias_correction,
       .schedule = dynamics::Schedule::parse(options.schedule)}));
}

/// How long the run will take, from typical counts of work.
std::string duration_forecast(const FlowOptions& options, const WorkCost& cost) {
  const auto forecast = dynamics::forecast_step(
      options.processes, static_cast<int>(options.substeps), options.eigen_every == 1);
  const auto seconds = [&](const dynamics::StepWork& work) {
    return static_cast<double>(options.steps) *
           (work.gradients * cost.gradient_seconds +
            work.hessian_products * cost.hessian_product_seconds);
  };
  return fmt::format(
      "about {} for {} steps while nothing oscillates, {} with four directions at "
      "the edge.",
      duration_text(seconds(forecast.calm)),
      options.steps,
      duration_text(seconds(forecast.at_edge)));
}

/// A weight whose gradients vanish has the second moment 0 and, without an epsilon, a step 0/0.
void check_second_moment(const dynamics::OptimizerState& state, const FlowOptions& options) {
  if (*options.epsilon > 0 || !state.second_moment.defined()) return;
  const auto dead = state.second_moment.eq(0).sum().item<std::int64_t>();
  if (dead == 0) return;
  throw InvalidArgument(
      "--epsilon",
      fmt::format("the loss does not depend on {} of the {} weights at the start, whose step would "
                  "be 0/0. Give --epsilon 1e-7, say.",
                  dead,
                  state.second_moment.numel()));
}

/// The largest eigenvalue of the effective Hessian that an optimizer of learning rate 1 meets at
/// its next step: it is proportional to the rate. @param before  the optimizer's state there
double unit_sharpness(Problem& problem,
                      const FlowOptions& options,
                      const dynamics::UpdateRule& unit_rule,
                      const at::Tensor& weights,
                      const dynamics::OptimizerState& before) {
  const at::NoGradGuard no_grad;
  const auto loss = problem.objective->at(weights);
  const auto state = unit_rule.update(before, loss->gradient());
  check_second_moment(state, options);
  spectrum::Tracker tracker(
      problem.objective->dimension(), problem.objective->options(), leading_tracker(options, 1));
  const auto m = unit_rule.preconditioner(state);
  const double sharpness =
      tracker.update(dynamics::effective_hessian(*loss, m)).values[0].item<double>();
  if (!std::isfinite(sharpness))
    throw NonFinite("flow", "the loss has no finite curvature at the starting weights.");
  return sharpness;
}

/// Nine tenths of the largest stable learning rate, cut to two digits. Oscillations are then not
/// damped to rounding errors before sharpness rises, and set in soon after the edge is reached.
double suggested_learning_rate(double sharpness, double edge) {
  if (!(sharpness > 0)) return 0.1;
  const double rate = 0.9 * edge / sharpness;
  const double unit = std::pow(10, std::floor(std::log10(rate)) - 1);
  return parse_double(fmt::format("{:.2g}", std::floor(rate / unit) * unit), "learning rate");
}

/// Steps after which second moments that began at 0 say how the optimizer goes on.
constexpr std::int64_t kSettling = 20;

/// What a few steps of the optimizer come to.
struct Trial {
  double sharpness = 0;  ///< at learning rate 1, after them
  bool blows_up = false;
};

Trial try_steps(Problem& problem,
                const FlowOptions& options,
                double learning_rate,
                const dynamics::OptimizerState& start) {
  dynamics::DiscreteRun run(*problem.objective,
                            make_rule(options, learning_rate),
                            problem.initial_weights,
                            leading_tracker(options, 1),
                            start);
  double first = NAN, largest = 0;
  for (std::int64_t t = 0; t < std::min(kSettling, options.steps); ++t) {
    const double loss = run.step(/*spectrum=*/false, /*move=*/true).loss;
    if (t == 0) first = loss;
    largest = std::isfinite(loss) ? std::max(largest, loss) : INFINITY;
  }
  constexpr double kGrowth = 1.5;
  if (largest > kGrowth * std::abs(first)) return {.blows_up = true};
  return {.sharpness =
              unit_sharpness(problem, options, make_rule(options, 1), run.weights(), run.before())};
}

/// Second moments that begin at 0 make the first steps large, and their sharpness says nothing of
/// those to come: the first rate suits second moments of the first gradient alone, the next what a
/// few steps at that rate came to, and it is halved while the loss blows up.
double settled_learning_rate(Problem& problem,
                             const FlowOptions& options,
                             const dynamics::OptimizerState& start) {
  constexpr int kMostHalvings = 10;
  FlowOptions corrected = options;
  corrected.bias_correction = true;
  const auto first_rule = make_rule(corrected, 1);
  const double edge = first_rule.edge();
  double safe = suggested_learning_rate(
      unit_sharpness(problem, options, first_rule, problem.initial_weights, start), edge);
  Trial trial = try_steps(problem, options, safe, start);
  for (int i = 0; trial.blows_up && i < kMostHalvings; ++i) {
    safe /= 2;
    trial = try_steps(problem, options, safe, start);
  }
  if (trial.blows_up) return safe;
  double rate = suggested_learning_rate(trial.sharpness, edge);
  while (rate > safe && try_steps(problem, options, rate, start).blows_up) rate /= 2;
  return std::max(rate, safe);
}

/// The learning rate where the user gives none, and with it the warm start of an optimizer whose
/// second moments begin at 0.
void choose_learning_rate(Problem& problem,
                          FlowOptions& options,
                          run::Settings& settings,
                          const dynamics::OptimizerState& start) {
  if (options.learning_rate) return;
  const auto unit_rule = make_rule(options, 1);
  const bool settles = unit_rule.options().second_moment != dynamics::SecondMoment::kNone &&
                       !start.second_moment.defined();
  options.learning_rate =
      settles ? settled_learning_rate(problem, options, start)
              : suggested_learning_rate(
                    unit_sharpness(problem, options, unit_rule, problem.initial_weights, start),
                    unit_rule.edge());
  settings.set("learning-rate", {round_trip(*options.learning_rate)});
  if (!settles || settings.chosen("warm-start")) return;
  options.warm_start = std::min(kSettling, options.steps / 2);
  settings.set("warm-start", {fmt::format("{}", options.warm_start)});
}

/// Where the run starts and how it will go on, as far as that is known.
std::string outlook(const FlowOptions& options,
                    const dynamics::UpdateRule& rule,
                    double sharpness,
                    bool rate_is_given) {
  const double edge = rule.edge();
  if (options.warm_start > 0) {
    const std::string chosen =
        rate_is_given ? "" : " The learning rate is what the curvature after these steps allows.";
    return fmt::format(
        "The flows begin after {} steps of the optimizer alone.{}", options.warm_start, chosen);
  }
  const std::string start = fmt::format(
      "The effective sharpness is {:.4g} at the start, and the edge of stability lies at {:.4g}, "
      "which learning rate {:.3g} would meet now.",
      sharpness,
      edge,
      *options.learning_rate * edge / sharpness);
  if (sharpness > edge)
    return start + " The run starts above the edge: expect a violent start, outside the theory.";
  // Of second moments nobody foresees what they do to it.
  if (rule.options().second_moment != dynamics::SecondMoment::kNone) return start;
  if (sharpness > edge / 20)
    return start + " Sharpness usually rises in training, so the run should reach the edge.";
  return start +
         " That is far below the edge, which a run this long may not reach; a larger "
         "--learning-rate would.";
}

void say_start(const FlowOptions& options,
               const dynamics::UpdateRule& rule,
               double sharpness,
               bool rate_is_given,
               const WorkCost& cost) {
  log_info(
      fmt::format("{}. {}", rule.description(), outlook(options, rule, sharpness, rate_is_given)));
  log_info(fmt::format("A gradient takes {:.2g} s, a Hessian product {:.2g} s: {}",
                       cost.gradient_seconds,
                       cost.hessian_product_seconds,
                       duration_forecast(options, cost)));
}

/// The steps of the central flow with a direction at the edge, or all of them where none had one.
std::vector<std::int64_t> telling_steps(const run::Recorder& recorder) {
  const auto* rank = recorder.find("central/flow_aux/rank");
  const auto* seconds = recorder.find("central/flow_aux/seconds");
  if (rank == nullptr || seconds == nullptr) return {};
  std::vector<std::int64_t> at_edge, all;
  for (std::int64_t t = 0; t < seconds->rows; ++t) {
    if (std::isnan(seconds->at(t))) continue;
    all.push_back(t);
    if (rank->at(t) > 0) at_edge.push_back(t);
  }
  return at_edge.empty() ? all : at_edge;
}

/// The median of a series over steps; of its quotient by another, where there is one.
double median_over(const std::vector<std::int64_t>& steps,
                   const run::Recorder& recorder,
                   const std::string& name,
                   const std::string& divisor = {}) {
  const auto* series = recorder.find("central/flow_aux/" + name);
  const auto* by = divisor.empty() ? nullptr : recorder.find("central/flow_aux/" + divisor);
  std::vector<double> values;
  for (const std::int64_t t : steps) {
    const double value = series->at(t) / (divisor.empty() ? 1 : by->at(t));
    if (std::isfinite(value)) values.push_back(value);
  }
  return median(values);
}

json cost_json(const WorkCost& cost,
               const run::Recorder& recorder,
               const objective::WorkCounters& work) {
  const auto steps = telling_steps(recorder);
  return {
      {"gradient_seconds", cost.gradient_seconds},
      {"hessian_product_seconds", cost.hessian_product_seconds},
      {"central_step_seconds", median_over(steps, recorder, "seconds")},
      {"central_step_in_gradients", median_over(steps, recorder, "seconds", "gradient_seconds")},
      {"central_step_gradients", median_over(steps, recorder, "gradients")},
      {"central_step_hessian_products", median_over(steps, recorder, "hessian_products")},
      {"gradients", work.gradients},
      {"hessian_products", work.hessian_products},
      {"third_derivatives", work.third_derivatives}};
}

dynamics::FlowFacts facts_of(const dynamics::FlowComparison& comparison,
                             const dynamics::UpdateRule& rule,
                             const FlowOptions& options,
                             const Problem& problem) {
  dynamics::FlowFacts facts{.steps = options.steps,
                            .warm_start = options.warm_start,
                            .learning_rate = *options.learning_rate,
                            .edge = rule.edge(),
                            .monotone = options.optimizer == "gd",
                            .diverged = comparison.diverged(),
                            .kinks = problem.kinks,
                            .single_precision = options.common.dtype == "float32"};
  for (const auto& [process, sentence] : comparison.failures()) facts.failures.push_back(sentence);
  const auto* central = dynamic_cast<const dynamics::CentralFlow*>(comparison.flow("central"));
  if (central != nullptr) {
    facts.truncated = central->truncated();
    if (const auto& step = central->difference_step()) {
      facts.difference_error = step->relative_error;
      facts.difference_trustworthy = step->trustworthy();
    }
  }
  return facts;
}

json results_json(const dynamics::FlowComparison& comparison,
                  const dynamics::UpdateRule& rule,
                  const FlowOptions& options,
                  const Problem& problem,
                  const WorkCost& cost,
                  RunSession& session) {
  dynamics::record_measured_variances(session.recorder());
  json results = describe(problem);
  const json found =
      dynamics::summarize_flow(session.recorder(), facts_of(comparison, rule, options, problem));
  for (const auto& [name, value] : found.items()) {
    if (name == "warnings") {
      results[name].insert(results[name].end(), value.begin(), value.end());
    } else {
      results[name] = value;
    }
  }
  results["optimizer"] = rule.description();
  results["learning_rate"] = *options.learning_rate;
  results["steps"] = options.steps;
  if (const auto* outputs = session.recorder().find("discrete/train_outputs");
      outputs != nullptr && options.outputs > 0) {
    results["outputs_per_example"] = outputs->columns / std::min(options.outputs, problem.examples);
  }
  results["cost"] = cost_json(cost, session.recorder(), problem.objective->work());
  return results;
}

std::string progress_note(const run::Recorder& recorder, std::int64_t row) {
  std::string note;
  const auto add = [&](const char* label, const char* path) {
    const auto* series = recorder.find(path);
    if (series != nullptr && row < series->rows)
      note += fmt::format("  {} {:.4g}", label, series->at(row));
  };
  add("loss", "discrete/train_loss");
  add("sharpness", "discrete/effective_hessian_eigs");
  add("unstable", "central/flow_aux/rank");
  return note;
}

/// Runs until finished or interrupted; returns the status.
std::string run_steps(dynamics::FlowComparison& comparison,
                      const FlowOptions& options,
                      RunSession& session) {
  const run::InterruptGuard guard;
  Progress progress("steps", options.steps, comparison.next_row(), options.common.quiet);
  while (!comparison.finished()) {
    if (run::InterruptGuard::requested()) {
      session.save({.step = comparison.next_row(), .arrays = comparison.state()});
      return "interrupted";
    }
    comparison.step();
    const std::int64_t done = comparison.next_row();
    progress.update(std::min(done, options.steps), progress_note(session.recorder(), done - 1));
    if (comparison.finished()) break;
    // Before the last row nothing has stopped yet: from there a larger --steps goes on.
    if (done == options.steps || session.save_due(done, options.checkpoint_every)) {
      session.save({.step = done, .arrays = comparison.state()});
    } else {
      session.recorder().write_snapshot_if_due();
    }
  }
  progress.finish();
  return comparison.diverged() ? "diverged" : "done";
}

}  // namespace

int run_flow(const FlowOptions& given, const run::Settings& settings) {
  FlowOptions options = given;
  run::Settings resolved = settings;
  resolve(resolved, options);
  Problem problem = start_problem(resolved, options.problem, options.common);
  if (options.common.dry_run) {
    return report_size(
        problem, settings.command(), duration_forecast(options, measure_work(problem)));
  }
  const auto start = initial_state(problem, options, make_rule(options, 1));
  choose_learning_rate(problem, options, resolved, start);
  const auto rule = make_rule(options, *options.learning_rate);
  const double sharpness =
      *options.learning_rate *
      unit_sharpness(problem, options, make_rule(options, 1), problem.initial_weights, start);
  const WorkCost cost = measure_work(problem);

  RunSession session(options.common, resolved);
  say_start(options, rule, sharpness, given.learning_rate.has_value(), cost);
  dynamics::FlowComparison comparison(*problem.objective,
                                      rule,
                                      problem.initial_weights,
                                      comparison_options(options, problem, start),
                                      session.recorder());
  if (const auto checkpoint = session.resume_point()) comparison.set_state(checkpoint->arrays);
  const std::string status = run_steps(comparison, options, session);
  session.finish(status, results_json(comparison, rule, options, problem, cost, session));
  if (status == "interrupted") {
    log_info(fmt::format("Go on with: thalweg flow --resume {}", session.folder().path().string()));
    return static_cast<int>(ExitCode::kInterrupted);
  }
  return static_cast<int>(status == "diverged" ? ExitCode::kRunFailed : ExitCode::kDone);
}

}  // namespace thalweg::app
