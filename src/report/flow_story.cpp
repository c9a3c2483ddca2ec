#include "report/flow_story.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "report/flow_facts.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

std::string step_text(double step) { return "**" + count_text(std::llround(step)) + "**"; }

std::string strong(double value, int digits = 3) {
  return "**" + number_text(value, digits) + "**";
}

/// Joins sentences with blanks, leaving out the empty ones.
std::string paragraph(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) {
    if (sentence.empty()) continue;
    if (!out.empty()) out += ' ';
    out += sentence;
  }
  return out;
}

std::string stayed_below_the_edge(const RunData& run) {
  const Process& process =
      has_process(run, kCentral) && !has_process(run, kDiscrete) ? kCentral : kDiscrete;
  const double sharpness =
      largest_value(run.column(fmt::format("{}/effective_hessian_eigs", process.path)));
  const std::string most =
      std::isfinite(sharpness) ? fmt::format(" (at most {})", strong(sharpness)) : "";
  const std::string rest =
      !has_process(run, kCentral) ? " and nothing oscillated."
      : is_adaptive(run)
          ? ", nothing oscillated, and the central flow is the plain flow of this optimizer here."
          : ", nothing oscillated, and the central flow is plain gradient flow here.";
  return fmt::format(
      "The effective sharpness stayed below {}{}: the optimizer was stable all the way{}",
      edge_text(run),
      most,
      rest);
}

std::string reached_the_edge(const RunData& run) {
  const auto discrete = run.facts.number("results.edge.first_step");
  const auto central = run.facts.number("results.edge.first_step_central");
  if (discrete) {
    const std::string flow =
        central
            ? fmt::format("; the central flow turned along it from step {}", step_text(*central))
            : "";
    return fmt::format(
        "The run reached the edge of stability, an effective sharpness of {}, at step {}{}.",
        edge_text(run),
        step_text(*discrete),
        flow);
  }
  if (central) {
    return fmt::format(
        "The central flow reached the edge of stability, an effective sharpness of {}, at step "
        "{}{}.",
        edge_text(run),
        step_text(*central),
        has_process(run, kDiscrete) ? "; the run itself stayed below it" : "");
  }
  return run.facts.find("results.edge") != nullptr ? stayed_below_the_edge(run) : "";
}

std::string delay_sentence(const RunData& run) {
  const auto delay = run.facts.number("results.edge.delay");
  if (!delay || *delay < 1) return {};
  return fmt::format(
      "The first burst of the oscillation came {} later: the flow turns at once, the run only "
      "then.",
      "**" + count_text(std::llround(*delay), "step") + "**");
}

std::string directions_sentence(const RunData& run) {
  const auto directions = run.facts.number("results.edge.directions");
  if (!directions || *directions < 1) return {};
  if (*directions == 1) {
    return fmt::format("**One** direction became unstable, and the flow holds its sharpness at {}.",
                       edge_text(run));
  }
  return fmt::format(
      "In all, **{}** directions became unstable, and the flow holds the sharpness of each at {}.",
      count_text(std::llround(*directions)),
      edge_text(run));
}

/// Of a run without a flow that predicts it: where its sharpness went from the edge on, and why
/// nothing more is said.
std::string unpredicted_sentence(const RunData& run) {
  const bool alone = std::all_of(kProcesses.begin(), kProcesses.end(), [&](const Process& p) {
    return p.path == kDiscrete.path || p.path == kMidpoint.path || !has_process(run, p);
  });
  if (!alone || !has_process(run, kDiscrete)) return {};
  std::string out;
  if (const auto first = run.facts.number("results.edge.first_step"); first && *first >= 0) {
    const double mean =
        mean_from(run.column("discrete/effective_hessian_eigs"), static_cast<std::size_t>(*first));
    if (!std::isnan(mean)) {
      out = fmt::format("From there on its effective sharpness averaged {}, {} of the edge. ",
                        strong(mean),
                        percent_text(mean / edge_threshold(run)));
    }
  }
  return out + (edge_threshold(run) != 2
                    ? "There is no central flow for an optimizer with momentum, so nothing here "
                      "predicts the average of this run."
                    : "No flow was run beside it, so nothing here predicts its average.");
}

// --- step sizes
// ------------------------------------------------------------------------------------

std::string change_text(double first, double last) {
  const char* verb = last > 1.02 * first ? "rose" : last < 0.98 * first ? "fell" : "went";
  return fmt::format("{} from {} to {}", verb, strong(first), strong(last));
}

/// Where Scalar RMSProp sets its one step size: at the largest stable one, once it is at the edge.
std::string largest_stable_clause(const RunData& run, const Process& process, double step_size) {
  const double sharpness = last_value(run.column(fmt::format("{}/hessian_eigs", process.path)));
  const bool at_edge = run.facts.number("results.edge.first_step") ||
                       run.facts.number("results.edge.first_step_central");
  if (!(sharpness > 0) || !at_edge) return {};
  const double largest = edge_threshold(run) / sharpness;
  const double off = std::abs(step_size / largest - 1);
  if (off > 0.1) {
    return fmt::format(
        "; the largest stable one at the end, {}/S, is {}", edge_text(run), strong(largest));
  }
  return fmt::format(
      "; at the end the largest stable one, {}/S, is {}: the optimizer has tuned its step to the "
      "edge, {}",
      edge_text(run),
      strong(largest),
      within_text(off));
}

std::string step_size_sentence(const RunData& run) {
  for (const Process& process : {kCentral, kDiscrete}) {
    const auto series = [&](const char* name) {
      return run.column(fmt::format("{}/opt.{}", process.path, name));
    };
    const std::string whose = process.path == kCentral.path ? "Along the central flow the" : "The";
    const auto scalar = series("effective_step_size");
    if (const double last = last_value(scalar); !std::isnan(last)) {
      return fmt::format("{} effective step size {}{}.",
                         whose,
                         change_text(first_value(scalar), last),
                         largest_stable_clause(run, process, last));
    }
    const auto mean = series("ess_mean"), harmonic = series("ess_harmonic_mean");
    if (const double last = last_value(mean); !std::isnan(last)) {
      return fmt::format(
          "{} mean of the effective step sizes, one a weight, {}, and their harmonic mean {}.",
          whose,
          change_text(first_value(mean), last),
          change_text(first_value(harmonic), last_value(harmonic)));
    }
  }
  return {};
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

std::string distance_sentence(const RunData& run) {
  const auto central = run.facts.number("results.prediction.weight_distance.central");
  const auto stable = run.facts.number("results.prediction.weight_distance.stable");
  if (!central) return {};
  const std::string first =
      fmt::format("At the end the central flow was **{}** away from the run's averaged weights",
                  number_text(*central));
  if (!stable || *central <= 0) return first + ".";
  return fmt::format("{}, the stable flow **{}**: {}",
                     first,
                     number_text(*stable),
                     distance_meaning(*central, *stable));
}

std::string judged(const std::string& what, double error) {
  return fmt::format("{} {} ({})", what, within_text(error), verdict(error).word);
}

std::string prediction_sentence(const RunData& run) {
  std::vector<std::string> parts;
  if (const auto error = run.facts.number("results.prediction.loss_error")) {
    parts.push_back(judged("the training loss", *error));
  }
  if (const auto error = run.facts.number("results.prediction.gradient_norm2_error")) {
    parts.push_back(judged("the squared gradient norm", *error));
  }
  if (const auto ratio = run.facts.number("results.prediction.variance_ratio.total")) {
    parts.push_back(judged("the variance of the oscillation", *ratio - 1));
  }
  if (parts.empty()) return {};
  return "Averaged over the oscillation, the flow predicts " + joined_list(parts) + ".";
}

/// How the rod flow did beside the central flow, which is much dearer.
std::string rod_sentence(const RunData& run) {
  const auto rod = run.facts.number("results.prediction.weight_distance.rod");
  const auto central = run.facts.number("results.prediction.weight_distance.central");
  if (!rod) return {};
  const auto error = run.facts.number("results.prediction.rod_loss_error");
  const auto central_error = run.facts.number("results.prediction.loss_error");
  std::string out = fmt::format(
      "The rod flow, which needs no eigenvectors, ended {} away from the run's averaged weights",
      strong(*rod));
  if (error) {
    out += fmt::format(" and predicts {}", judged("the training loss", *error));
    if (central_error) out += fmt::format("; the central flow, {}", within_text(*central_error));
  }
  if (!central || !(*central > 0)) return out + ".";
  const double ratio = *rod / *central;
  const char* meaning = ratio < 0.8    ? "it ended nearer to the run than the central flow"
                        : ratio > 1.25 ? "the central flow ended nearer"
                                       : "it ended about as near as the central flow";
  return out + ": " + meaning + fmt::format(" ({}).", strong(*central));
}

/// The variants of the central flow, which show what its parts are good for.
std::string variants_sentence(const RunData& run) {
  std::vector<std::string> parts;
  const auto add = [&](const Process& process, const char* what) {
    const auto away =
        run.facts.number(fmt::format("results.prediction.weight_distance.{}", process.path));
    if (away) {
      parts.push_back(fmt::format("{}, the {} ended {} away", what, process.name, strong(*away)));
    }
  };
  add(kStationary, "with a second moment that is always at rest");
  add(kAblated, "without the oscillation's push on the weights");
  if (parts.empty()) return {};
  std::string out = fmt::format("{}.", fmt::join(parts, "; "));
  out.front() = 'W';  // of "with" or "without"
  return out;
}

std::string monotone_sentence(const RunData& run) {
  const auto flow = run.column("central/train_loss");
  if (flow.size() < 2) return {};
  const std::int64_t rises = count_rises(flow);
  const std::int64_t rises_of_run = count_rises(run.column("discrete/train_loss"));
  if (rises == 0 && rises_of_run == 0) {
    return has_process(run, kDiscrete)
               ? "The training loss never rose, neither along the central flow nor in the run."
               : "The training loss never rose along the central flow.";
  }
  if (rises == 0) {
    return fmt::format(
        "Along the central flow the training loss never rose, while in the run it rose at **{}**: "
        "the rises are "
        "the oscillation, not the path.",
        count_text(rises_of_run, "step"));
  }
  return fmt::format("Along the central flow the training loss rose at **{}**; {}",
                     count_text(rises, "step"),
                     is_adaptive(run) ? "for adaptive steps the theory allows a few."
                                      : "for gradient descent the theory allows none.");
}

std::string status_sentence(const RunData& run) {
  const std::string status = run.facts.text("status");
  if (status.empty()) return "This run has not ended: the page shows what it had saved so far.";
  if (status == "interrupted")
    return "This run was interrupted and can be resumed: the page shows it up to there.";
  if (status == "diverged")
    return "**The run diverged**: the numbers below are those up to that point.";
  return {};
}

}  // namespace

std::vector<std::string> flow_story(const RunData& run) {
  std::vector<std::string> paragraphs = {status_sentence(run),
                                         paragraph({reached_the_edge(run),
                                                    delay_sentence(run),
                                                    directions_sentence(run),
                                                    unpredicted_sentence(run)}),
                                         step_size_sentence(run)};
  // How far anything is from a run that diverged says nothing.
  if (run.facts.text("status") != "diverged") {
    paragraphs.push_back(distance_sentence(run));
    paragraphs.push_back(paragraph({rod_sentence(run), variants_sentence(run)}));
    paragraphs.push_back(paragraph({prediction_sentence(run), monotone_sentence(run)}));
  }
  std::erase(paragraphs, "");
  return paragraphs;
}

}  // namespace thalweg::report
