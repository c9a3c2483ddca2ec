#include "report/flow_story.hpp"

#include <cmath>

#include <fmt/format.h>

#include "report/flow_facts.hpp"
#include "report/headlines.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

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

}  // namespace

std::vector<std::string> flow_story(const RunData& run) {
  std::vector<std::string> paragraphs = flow_headline(run.facts).lines;
  paragraphs.push_back(step_size_sentence(run));
  // How far anything is from a run that diverged says nothing.
  if (run.facts.text("status") != "diverged")
    paragraphs.push_back(joined_sentences({rod_sentence(run), variants_sentence(run)}));
  std::erase(paragraphs, "");
  return paragraphs;
}

}  // namespace thalweg::report
