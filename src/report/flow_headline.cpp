#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "report/flow_facts.hpp"
#include "report/headlines.hpp"
#include "report/processes.hpp"
#include "thalweg/report/html.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

std::string step_text(double step) { return "**" + count_text(std::llround(step)) + "**"; }

std::optional<double> of_process(const Facts& facts, const Process& process, const char* key) {
  return facts.number(fmt::format("results.processes.{}.{}", process.path, key));
}

bool is_gradient_descent(const Facts& facts) {
  return facts.text("results.optimizer").starts_with("gradient descent");
}

std::string status_sentence(const Facts& facts) {
  const std::string status = facts.text("status");
  if (status.empty()) return "This run has not ended: what is here it had saved so far.";
  if (status == "interrupted")
    return "This run was interrupted and can be resumed: the numbers are those up to there.";
  if (status == "diverged") return "**The run diverged**: the numbers are those up to that point.";
  return {};
}

// --- the edge
// --------------------------------------------------------------------------------------

std::string stayed_below_the_edge(const Facts& facts) {
  const bool central = has_process(facts, kCentral);
  const Process& process = central && !has_process(facts, kDiscrete) ? kCentral : kDiscrete;
  if (!sharpness_was_measured(facts)) {
    return "No sharpness of the run was measured, so its edge of stability is not known.";
  }
  const auto largest = of_process(facts, process, "largest_sharpness");
  const std::string most = largest ? fmt::format(" (at most {})", strong(*largest)) : "";
  const std::string rest =
      !central ? " and nothing oscillated."
      : is_gradient_descent(facts)
          ? ", nothing oscillated, and the central flow is plain gradient flow here."
          : ", nothing oscillated, and the central flow is the plain flow of this optimizer here.";
  return fmt::format(
      "The effective sharpness stayed below {}{}: the optimizer was stable all the way{}",
      edge_text(facts),
      most,
      rest);
}

std::string reached_the_edge(const Facts& facts) {
  const auto discrete = facts.number("results.edge.first_step");
  const auto central = facts.number("results.edge.first_step_central");
  if (discrete) {
    const std::string flow =
        central
            ? fmt::format("; the central flow turned along it from step {}", step_text(*central))
            : "";
    if (*discrete == 0) {
      return fmt::format(
          "The run started beyond the edge of stability, an effective sharpness of {}.",
          edge_text(facts));
    }
    return fmt::format(
        "The run reached the edge of stability, an effective sharpness of {}, at step {}{}.",
        edge_text(facts),
        step_text(*discrete),
        flow);
  }
  if (central) {
    return fmt::format(
        "The central flow reached the edge of stability, an effective sharpness of {}, at step "
        "{}{}.",
        edge_text(facts),
        step_text(*central),
        of_process(facts, kDiscrete, "sharpness") ? "; the run itself stayed below it" : "");
  }
  const bool diverged = facts.text("status") == "diverged";
  return facts.find("results.edge") != nullptr && !diverged ? stayed_below_the_edge(facts) : "";
}

std::string delay_sentence(const Facts& facts) {
  const auto delay = facts.number("results.edge.delay");
  if (!delay || *delay < 1) return {};
  return fmt::format(
      "The first burst of the oscillation came **{}** later: the flow turns at once, the run only "
      "then.",
      count_text(std::llround(*delay), "step"));
}

/// Whether the flow did what it must, by the largest sharpness that its chart shows.
std::string held_clause(const Facts& facts, bool one) {
  const auto largest = largest_central_sharpness(facts);
  if (!largest) return "";
  if (central_flow_is_held(facts)) {
    return fmt::format(", and the flow holds {} at {}",
                       one ? "its sharpness" : "the sharpness of each",
                       edge_text(facts));
  }
  return fmt::format(", and the flow's sharpness reached {}, above the edge", strong(*largest, 4));
}

std::string directions_sentence(const Facts& facts) {
  const auto directions = facts.number("results.edge.directions");
  if (!directions || *directions < 1) return {};
  const bool one = *directions == 1;
  return fmt::format(
      "{} became unstable{}.",
      one ? "**One** direction"
          : fmt::format("In all, **{}** directions", count_text(std::llround(*directions))),
      held_clause(facts, one));
}

/// Of a run without a flow that predicts it: where its sharpness went from the edge on, and why
/// nothing more is said.
std::string unpredicted_sentence(const Facts& facts) {
  const bool alone = std::ranges::all_of(kProcesses, [&](const Process& p) {
    return p.path == kDiscrete.path || p.path == kMidpoint.path || !has_process(facts, p);
  });
  if (!alone || !has_process(facts, kDiscrete)) return {};
  std::string out;
  const auto mean = of_process(facts, kDiscrete, "mean_sharpness");
  if (facts.number("results.edge.first_step") && mean) {
    out = fmt::format("From there on its effective sharpness averaged {}, {} of the edge. ",
                      strong(*mean),
                      percent_text(*mean / edge_threshold(facts)));
  }
  return out + (edge_threshold(facts) != 2
                    ? "There is no central flow for an optimizer with momentum, so nothing here "
                      "predicts the average of this run."
                    : "No flow was run beside it, so nothing here predicts its average.");
}

// --- predictions
// -----------------------------------------------------------------------------------

/// What two distances from the run, of the central and of the stable flow, say about the theory.
std::string distance_meaning(double central, double stable) {
  const double ratio = stable / central;
  if (ratio > 3) {
    return fmt::format(
        "{} times closer: on average the optimizer follows the central flow, and not the gradient "
        "flow.",
        number_text(ratio, 2));
  }
  if (ratio > 1.2) {
    return "the central flow is the better description, but not by much.";
  }
  return "the central flow is no better a description of this run than gradient flow.";
}

std::string distance_sentence(const Facts& facts) {
  const auto central = facts.number("results.prediction.weight_distance.central");
  const auto stable = facts.number("results.prediction.weight_distance.stable");
  if (!central) return {};
  const std::string first =
      fmt::format("At the end the central flow was **{}** away from the run's averaged weights",
                  number_text(*central));
  // Below the edge the two flows are one.
  const bool at_edge =
      facts.number("results.edge.first_step") || facts.number("results.edge.first_step_central");
  const bool below = facts.find("results.edge") != nullptr && !at_edge;
  if (!stable || *central <= 0 || below) return first + ".";
  return fmt::format("{}, the stable flow **{}**: {}",
                     first,
                     number_text(*stable),
                     distance_meaning(*central, *stable));
}

std::string prediction_sentence(const Facts& facts) {
  std::vector<std::string> parts;
  if (const auto error = facts.number("results.prediction.loss_error")) {
    parts.push_back(judged("the training loss", *error));
  }
  if (const auto error = facts.number("results.prediction.gradient_norm2_error")) {
    parts.push_back(judged("the squared gradient norm", *error));
  }
  if (const auto ratio = facts.number("results.prediction.variance_ratio.total")) {
    parts.push_back(judged("the variance of the oscillation", *ratio - 1));
  }
  if (parts.empty()) return {};
  return "Averaged over the oscillation, the flow predicts " + joined_list(parts) + ".";
}

std::string monotone_sentence(const Facts& facts) {
  const auto rises = of_process(facts, kCentral, "loss_rises");
  const auto rises_of_run = of_process(facts, kDiscrete, "loss_rises");
  if (!rises) return {};
  if (*rises == 0 && rises_of_run.value_or(0) == 0) {
    return rises_of_run
               ? "The training loss never rose, neither along the central flow nor in the run."
               : "The training loss never rose along the central flow.";
  }
  if (*rises == 0) {
    return fmt::format(
        "Along the central flow the training loss never rose, while in the run it rose at **{}**: "
        "the rises are the oscillation, not the path.",
        count_text(std::llround(*rises_of_run), "step"));
  }
  return fmt::format("Along the central flow the training loss rose at **{}**; {}",
                     count_text(std::llround(*rises), "step"),
                     is_gradient_descent(facts) ? "for gradient descent the theory allows none."
                                                : "for adaptive steps the theory allows a few.");
}

// --- the end
// ---------------------------------------------------------------------------------------

std::string scores(std::optional<double> loss, std::optional<double> accuracy) {
  std::string out = loss ? "a loss of " + strong(*loss) : "";
  if (accuracy)
    out += (loss ? " and an accuracy of **" : "an accuracy of **") + percent_text(*accuracy) + "**";
  return out;
}

/// Where the process that was run, or what stands in for it, ended.
std::string ending_sentence(const Facts& facts) {
  const Process& process = has_process(facts, kDiscrete) ? kDiscrete : kCentral;
  const auto of = [&](const char* key) { return of_process(facts, process, key); };
  const std::string training = scores(of("loss"), of("train_accuracy"));
  if (training.empty()) return {};
  const std::string test = scores(of("test_loss"), of("test_accuracy"));
  return fmt::format("The {} ended at {} on the training examples{}.",
                     process.name,
                     training,
                     test.empty() ? "" : ", and " + test + " on the test examples");
}

std::string edge_phrase(const Facts& facts) {
  const auto first = facts.number("results.edge.first_step");
  if (first) return fmt::format("edge at step {}", count_text(std::llround(*first)));
  return sharpness_was_measured(facts) ? "edge not reached" : "";
}

std::string key_of(const Facts& facts) {
  const auto error = facts.number("results.prediction.loss_error");
  const std::string edge = edge_phrase(facts);
  if (!error) return edge;
  return plain_text(
      fmt::format("{}{}loss {}", edge, edge.empty() ? "" : ", ", within_text(*error)));
}

}  // namespace

Headline flow_headline(const Facts& facts) {
  Headline out{.key = key_of(facts)};
  out.lines = {status_sentence(facts),
               joined_sentences({reached_the_edge(facts),
                                 delay_sentence(facts),
                                 directions_sentence(facts),
                                 unpredicted_sentence(facts)})};
  // How far anything is from a run that diverged says nothing.
  if (facts.text("status") == "diverged") return out;
  out.lines.push_back(distance_sentence(facts));
  out.lines.push_back(joined_sentences({prediction_sentence(facts), monotone_sentence(facts)}));
  out.lines.push_back(ending_sentence(facts));
  return out;
}

}  // namespace thalweg::report
