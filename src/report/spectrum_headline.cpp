#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "report/headlines.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

std::string eigenvalues_line(const std::vector<double>& eigenvalues) {
  if (eigenvalues.empty()) return {};
  std::vector<std::string> values;
  for (const double value : eigenvalues) values.push_back(number_text(value, 6));
  return fmt::format("Largest eigenvalues: {}.", fmt::join(values, ", "));
}

/// Up to which learning rate gradient descent is stable; a largest eigenvalue of 0 or less sets no
/// bound.
std::string stability_line(const std::vector<double>& eigenvalues) {
  if (eigenvalues.empty() || !(eigenvalues.front() > 0)) return {};
  return fmt::format("Gradient descent is stable here up to a learning rate of {}.",
                     strong(2 / eigenvalues.front()));
}

std::string trace_line(const Facts& facts, const std::vector<double>& eigenvalues) {
  const auto trace = facts.number("results.trace");
  if (!trace) return {};
  const auto error = facts.number("results.trace_error");
  std::string out = fmt::format(
      "Trace: {}{}", strong(*trace, 4), error ? " ± " + number_text(*error, 2) : std::string());
  double sum = 0;
  for (const double value : eigenvalues) sum += value;
  if (*trace > 0 && !eigenvalues.empty()) {
    out += fmt::format(", of which the {} found {} {}",
                       count_text(std::ssize(eigenvalues), "eigenvalue"),
                       eigenvalues.size() == 1 ? "carries" : "carry",
                       percent_text(sum / *trace));
  }
  return out + ".";
}

std::string layers_line(const Facts& facts) {
  const auto* layers = facts.find("results.layers");
  if (layers == nullptr || !layers->is_array()) return {};
  std::string name;
  double most = -INFINITY;
  for (const auto& layer : *layers) {
    if (!layer.is_object()) continue;
    const double trace = json_number(layer, "trace");
    if (!(trace > most)) continue;
    most = trace;
    name = json_text(layer, "name");
  }
  return name.empty() ? "" : fmt::format("The layer with the largest trace is **{}**.", name);
}

}  // namespace

Headline spectrum_headline(const Facts& facts) {
  const auto eigenvalues = facts.numbers("results.eigenvalues");
  return {.key = eigenvalues.empty() ? "" : "largest eigenvalue " + number_text(eigenvalues[0], 4),
          .lines = {eigenvalues_line(eigenvalues),
                    joined_sentences({stability_line(eigenvalues), trace_line(facts, eigenvalues)}),
                    layers_line(facts)}};
}

}  // namespace thalweg::report
