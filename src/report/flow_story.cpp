#include "report/flow_story.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

constexpr double kGood = 0.1, kFair = 0.3;

std::string step_text(double step) { return "**" + count_text(std::llround(step)) + "**"; }

double largest(const std::vector<double>& values) {
  double out = -std::numeric_limits<double>::infinity();
  for (const double value : values) out = std::isfinite(value) ? std::max(out, value) : out;
  return out;
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
  const double sharpness = largest(run.column("discrete/effective_hessian_eigs"));
  const std::string most =
      std::isfinite(sharpness) ? fmt::format(" (at most **{}**)", number_text(sharpness)) : "";
  return fmt::format(
      "The effective sharpness stayed below 2{}: the optimizer was stable all the way, nothing "
      "oscillated, and the central flow is plain gradient flow here.",
      most);
}

std::string reached_the_edge(const RunData& run) {
  const auto discrete = run.facts.number("results.edge.first_step");
  const auto central = run.facts.number("results.edge.first_step_central");
  if (discrete && central) {
    return fmt::format(
        "The run reached the edge of stability, an effective sharpness of 2, at step {}; the "
        "central "
        "flow turned along it from step {}.",
        step_text(*discrete),
        step_text(*central));
  }
  if (discrete) {
    return fmt::format(
        "The run reached the edge of stability, an effective sharpness of 2, at step {}.",
        step_text(*discrete));
  }
  if (central) {
    return fmt::format(
        "The central flow reached the edge of stability at step {}; the run itself stayed below "
        "it.",
        step_text(*central));
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
    return "**One** direction became unstable, and the flow holds its sharpness at 2.";
  }
  return fmt::format(
      "In all, **{}** directions became unstable, and the flow holds the sharpness of each at 2.",
      count_text(std::llround(*directions)));
}

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
  return fmt::format(
      "{} within **{}** ({})", what, percent_text(std::abs(error)), verdict(error).word);
}

std::string joined_list(const std::vector<std::string>& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
    out += items[i];
  }
  return out;
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

std::string monotone_sentence(const RunData& run) {
  const auto flow = run.column("central/train_loss");
  if (flow.size() < 2) return {};
  const std::int64_t rises = count_rises(flow);
  const std::int64_t rises_of_run = count_rises(run.column("discrete/train_loss"));
  if (rises == 0 && rises_of_run == 0) {
    return "The training loss never rose, neither along the central flow nor in the run.";
  }
  if (rises == 0) {
    return fmt::format(
        "Along the central flow the training loss never rose, while in the run it rose at **{}**: "
        "the rises are "
        "the oscillation, not the path.",
        count_text(rises_of_run, "step"));
  }
  return fmt::format(
      "Along the central flow the training loss rose at **{}**; for gradient descent the theory "
      "allows none, for "
      "adaptive steps a few.",
      count_text(rises, "step"));
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

Verdict verdict(double relative_error) {
  const double size = std::abs(relative_error);
  if (size < kGood) return {"good", Tone::kGood};
  if (size < kFair) return {"fair", Tone::kFair};
  return {"poor", Tone::kPoor};
}

std::vector<std::string> flow_story(const RunData& run) {
  std::vector<std::string> paragraphs = {
      status_sentence(run),
      paragraph({reached_the_edge(run), delay_sentence(run), directions_sentence(run)}),
      distance_sentence(run),
      paragraph({prediction_sentence(run), monotone_sentence(run)})};
  std::erase(paragraphs, "");
  return paragraphs;
}

std::int64_t count_rises(const std::vector<double>& values) {
  std::int64_t rises = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[i - 1] + kLossRounding * std::abs(values[i - 1])) ++rises;
  }
  return rises;
}

}  // namespace thalweg::report
