#include "report/run_frame.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/report/html.hpp"

namespace thalweg::report {
namespace {

/// The section that lets a reader run it again: command line and resolved configuration.
void add_configuration(Page& page, const RunData& run) {
  page.section("Run it again");
  const std::string config = run.path + "/config.toml";
  page.preformatted(fmt::format("thalweg {} --config {} --name {}",
                                run.command,
                                shell_word(config),
                                shell_word(run.name + "-again")));
  if (!run.configuration.empty()) page.collapsed("The resolved configuration", run.configuration);
}

void add_footer(Page& page, const RunData& run, const std::string& source) {
  const std::string version = run.facts.text("version");
  std::string made = fmt::format("Made by Thalweg{}{}", version.empty() ? "" : " ", version);
  if (const auto seconds = run.facts.number("seconds_wall")) {
    made += " in " + duration_text(*seconds);
  }
  if (const auto bytes = run.facts.number("peak_memory_bytes")) {
    made += ", with at most " + size_text(*bytes) + " of memory";
  }
  if (const auto seed = run.facts.text("seed"); !seed.empty()) made += ", from seed " + seed;
  page.footer(made + ".");
  page.footer(source);
  if (run.series.empty()) return;
  page.footer(
      "Every number behind the charts is in `metrics.h5`, as PROCESS/NAME, row by step. In Python: "
      "`h5py.File(\"metrics.h5\")[\"central/train_loss\"][:]`; in MATLAB: "
      "`h5read(\"metrics.h5\", \"/central/train_loss\")`; on a terminal: `h5ls -rv metrics.h5`.");
}

}  // namespace

std::string eyebrow(const RunData& run) { return "thalweg " + run.command + " · " + run.name; }

std::string status_text(const RunData& run) {
  const std::string status = run.facts.text("status");
  return status.empty() ? "unfinished" : status;
}

void add_metadata(Page& page, const RunData& run, std::initializer_list<NamedFact> further) {
  std::vector<NamedFact> facts = {{"Model", "model"},
                                  {"Parameters", "parameters"},
                                  {"Data", "data"},
                                  {"Examples", "examples"},
                                  {"Loss", "loss"}};
  facts.insert(facts.end(), further);
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [name, key] : facts) {
    const std::string value = run.facts.text(fmt::format("results.{}", key));
    if (!value.empty()) entries.emplace_back(name, value);
  }
  entries.emplace_back("Status", status_text(run));
  page.metadata(entries);
}

void add_warnings(Page& page, const RunData& run) {
  const auto warnings = run.facts.texts("results.warnings");
  const auto suggestions = run.facts.texts("results.suggestions");
  if (!warnings.empty()) page.callout(Tone::kFair, "Not to be trusted", warnings);
  if (!suggestions.empty()) page.callout(Tone::kPlain, "What to try next", suggestions);
}

void add_ending(Page& page, const RunData& run, const std::string& source) {
  add_configuration(page, run);
  add_footer(page, run, source);
}

}  // namespace thalweg::report
