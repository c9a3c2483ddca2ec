#include "thalweg/report/flow_page.hpp"

#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "report/flow_charts.hpp"
#include "report/flow_facts.hpp"
#include "report/flow_story.hpp"
#include "report/processes.hpp"
#include "report/run_data.hpp"
#include "report/run_frame.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/report/numbers.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {
namespace {

constexpr const char* kSource =
    "Method: [Cohen2024] J. Cohen, A. Damian, A. Talwalkar, J. Z. Kolter, J. D. Lee: Understanding "
    "Optimization in "
    "Deep Learning with Central Flows, arXiv:2410.24206.";

/// The flow that the page is about: the central one, or what was run in its place.
const Process* main_flow(const RunData& run) {
  for (const Process* flow : {&kCentral, &kRod, &kStationary, &kAblated, &kStable})
    if (has_process(run, *flow)) return flow;
  return nullptr;
}

/// What became of a run that no flow predicts.
std::string outcome(const RunData& run) {
  if (run.facts.text("status") == "diverged") return "Divergence";
  if (run.facts.number("results.edge.first_step")) return "At the edge of stability";
  return sharpness_was_measured(run.facts) ? "Below the edge of stability" : "A run";
}

std::string title(const RunData& run) {
  const std::string model = run.facts.text("results.model");
  const Process* flow = main_flow(run);
  if (flow == nullptr) return model.empty() ? outcome(run) : outcome(run) + ": " + model;
  std::string name(flow->name);
  if (model.empty()) return "A " + name;
  name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  return name + " of " + model;
}

/// "gradient descent, learning rate 0.1" without what follows the comma.
std::string optimizer_name(const RunData& run) {
  const std::string optimizer = run.facts.text("results.optimizer");
  return optimizer.substr(0, optimizer.find(','));
}

std::string lead(const RunData& run) {
  const std::string optimizer = optimizer_name(run);
  if (optimizer.empty()) return "Where the optimizer goes, averaged over its oscillations.";
  if (!has_process(run, kCentral) && has_process(run, kDiscrete)) {
    return fmt::format(
        "What {} did to this network, and how near to its edge of stability it went.", optimizer);
  }
  return fmt::format(
      "Where {} takes this network, averaged over its oscillations, and what the run itself did.",
      optimizer);
}

// --- key figures
// -----------------------------------------------------------------------------------

/// The edge as the run, or else the central flow, met it.
Tile edge_tile(const RunData& run) {
  const Facts& facts = run.facts;
  const auto first = facts.number("results.edge.first_step");
  const auto central = facts.number("results.edge.first_step_central");
  if (!first && !central) {
    if (!sharpness_was_measured(facts))
      return {"Edge of stability", "not known", "no sharpness of the run was measured"};
    return {
        "Edge of stability", "not reached", "sharpness below " + edge_text(run) + " throughout"};
  }
  const auto directions = std::llround(facts.number("results.edge.directions").value_or(0));
  std::string note = directions > 0 ? count_text(directions, "direction") + " became unstable" : "";
  if (!first) note = "by the central flow" + (note.empty() ? "" : "; " + note);
  if (first == 0.0) return {"Edge of stability", "from the start", note};
  return {"Edge of stability reached",
          "step " + count_text(std::llround(first ? *first : *central)),
          note};
}

void add_distance_tile(std::vector<Tile>& tiles, const Facts& facts) {
  const auto central = facts.number("results.prediction.weight_distance.central");
  const auto stable = facts.number("results.prediction.weight_distance.stable");
  if (!central) return;
  const auto rod = facts.number("results.prediction.weight_distance.rod");
  std::string others = stable ? "stable flow: " + number_text(*stable) : "";
  if (rod) others += (others.empty() ? "rod flow: " : ", rod flow: ") + number_text(*rod);
  tiles.push_back({"Central flow to run, at the end", number_text(*central), others});
}

void add_loss_tile(std::vector<Tile>& tiles, const Facts& facts) {
  const auto error = facts.number("results.prediction.loss_error");
  if (!error) return;
  tiles.push_back(
      {"Average loss predicted within", percent_text(std::abs(*error)), verdict(*error).word});
}

void add_variance_tile(std::vector<Tile>& tiles, const Facts& facts) {
  const auto ratio = facts.number("results.prediction.variance_ratio.total");
  if (!ratio) return;
  tiles.push_back(
      {"Oscillation, predicted to measured", percent_text(*ratio), "of the total variance"});
}

void add_time_tile(std::vector<Tile>& tiles, const Facts& facts) {
  const auto seconds = facts.number("seconds_wall");
  if (!seconds) return;
  const auto cost = facts.number("results.cost.central_step_in_gradients");
  tiles.push_back({"Time",
                   duration_text(*seconds),
                   cost ? "a flow step costs " + number_text(*cost) + " gradients" : ""});
}

std::vector<Tile> key_figures(const RunData& run) {
  const Facts& facts = run.facts;
  std::vector<Tile> tiles;
  if (facts.find("results.edge") != nullptr) tiles.push_back(edge_tile(run));
  add_distance_tile(tiles, facts);
  add_loss_tile(tiles, facts);
  add_variance_tile(tiles, facts);
  add_time_tile(tiles, facts);
  return tiles;
}

// --- tables
// ----------------------------------------------------------------------------------------

void add_prediction_table(Page& page, const Facts& facts) {
  Table table{.caption = "Prediction against measurement, averaged over the oscillation",
              .head = {"Quantity", "Verdict", "Error"},
              .rows = {},
              .text_columns = 2};
  const auto add = [&](const std::string& quantity, double error) {
    const Verdict found = verdict(error);
    table.rows.push_back({quantity, {found.word, found.tone}, percent_text(error)});
  };
  if (const auto e = facts.number("results.prediction.loss_error")) add("Training loss", *e);
  if (const auto e = facts.number("results.prediction.rod_loss_error")) {
    add("Training loss, by the rod flow", *e);
  }
  if (const auto e = facts.number("results.prediction.gradient_norm2_error")) {
    add("Squared gradient norm", *e);
  }
  if (const auto r = facts.number("results.prediction.variance_ratio.total")) {
    add("Variance of the oscillation", *r - 1);
  }
  const auto ratios = facts.numbers("results.prediction.variance_ratio.directions");
  for (std::size_t d = 0; d < ratios.size(); ++d) {
    if (!std::isnan(ratios[d]))
      add(fmt::format("Variance along direction {}", d + 1), ratios[d] - 1);
  }
  if (!table.rows.empty()) page.table(table);
}

std::string cell_text(const Facts& facts, const std::string& path) {
  const auto value = facts.number(path);
  return value ? number_text(*value, 4) : "–";
}

void add_process_table(Page& page, const Facts& facts) {
  const nlohmann::json* processes = facts.find("results.processes");
  if (processes == nullptr || !processes->is_object() || processes->empty()) return;
  Table table{.caption = "Where each process ended",
              .head = {"Process",
                       "Steps",
                       "Loss",
                       "Sharpness",
                       "|gradient|²",
                       "Predicted loss",
                       "Predicted |gradient|²"},
              .rows = {}};
  for (const Process& process : kProcesses) {
    if (!processes->contains(process.path)) continue;
    const std::string at = fmt::format("results.processes.{}.", process.path);
    table.rows.push_back({std::string(process.name),
                          cell_text(facts, at + "steps"),
                          cell_text(facts, at + "loss"),
                          cell_text(facts, at + "sharpness"),
                          cell_text(facts, at + "gradient_norm2"),
                          cell_text(facts, at + "predicted_loss"),
                          cell_text(facts, at + "predicted_gradient_norm2")});
  }
  page.table(table);
}

void add_cost_table(Page& page, const Facts& facts) {
  Table table{.caption = "What it cost", .head = {"Work", "Amount"}, .rows = {}};
  const auto add = [&](const char* what, const char* key, const char* unit) {
    const auto value = facts.number(std::string("results.cost.") + key);
    if (value) table.rows.push_back({what, number_text(*value) + unit});
  };
  add("One gradient", "gradient_seconds", " s");
  add("One Hessian product", "hessian_product_seconds", " s");
  add("One step of the central flow", "central_step_seconds", " s");
  add("The same, in gradients", "central_step_in_gradients", "");
  add("Hessian products in all", "hessian_products", "");
  add("Third derivatives in all", "third_derivatives", "");
  if (!table.rows.empty()) page.table(table);
}

// --- sections
// --------------------------------------------------------------------------------------

void add_story(Page& page, const RunData& run) {
  page.section("What happened");
  const auto story = flow_story(run);
  for (const std::string& sentences : story) page.paragraph(sentences);
  if (story.empty()) page.paragraph("The run recorded nothing to tell yet.");
  add_prediction_table(page, run.facts);
  add_warnings(page, run);
}

void add_charts(Page& page, const RunData& run) {
  page.section("The run and its flow");
  if (run.series.empty()) {
    page.paragraph("This run has no time series: `metrics.h5` is missing or was not written yet.");
    return;
  }
  page.paragraph(
      "A process has the same colour in every chart. Drag across a chart to zoom all of them into "
      "those steps; "
      "click on an entry of a key to hide or show it.");
  page.chart(loss_chart(run));
  page.chart(sharpness_chart(run));
  page.chart(gradient_chart(run));
  page.chart(distance_chart(run));
}

void add_oscillation(Page& page, const RunData& run) {
  const SeriesChart swing = oscillation_chart(run);
  const auto variances = variance_charts(run);
  if (swing.empty() && variances.empty()) return;
  page.section("The oscillation");
  page.paragraph(
      "At the edge the weights swing about their average path. The flow does not follow the "
      "swings, but it predicts their variance along each unstable direction: just what keeps the "
      "sharpness at " +
      edge_text(run) + ".");
  page.chart(swing);
  page.small_multiples(variances);
}

void add_multiples(Page& page, const char* title, const std::vector<SeriesChart>& charts) {
  if (charts.empty()) return;
  page.section(title);
  page.small_multiples(charts);
}

void add_further(Page& page, const RunData& run) {
  const auto outputs = output_charts(run);
  if (!outputs.empty()) {
    page.section("What the network says");
    page.paragraph("A few of the network's outputs on training examples, along each process.");
    page.small_multiples(outputs);
  }
  add_multiples(page, "On examples it has not seen", test_charts(run));
  add_multiples(page, "Further series", further_charts(run));
}

void add_numbers(Page& page, const RunData& run) {
  if (run.facts.find("results.processes") == nullptr && run.facts.find("results.cost") == nullptr)
    return;
  page.section("In numbers");
  add_process_table(page, run.facts);
  add_cost_table(page, run.facts);
}

}  // namespace

std::string flow_page(const run::RunFolder& folder) {
  const RunData run = read_run(folder);
  Page page(title(run), eyebrow(run));
  page.lead(lead(run));
  add_metadata(
      page,
      run,
      {{"Optimizer", "optimizer"}, {"Learning rate", "learning_rate"}, {"Steps", "steps"}});
  page.tiles(key_figures(run));
  add_story(page, run);
  add_charts(page, run);
  add_oscillation(page, run);
  add_multiples(page, "The step sizes", step_size_charts(run));
  add_further(page, run);
  add_numbers(page, run);
  add_ending(page, run, kSource);
  return page.html();
}

}  // namespace thalweg::report
