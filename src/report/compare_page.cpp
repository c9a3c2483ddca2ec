#include "thalweg/report/compare_page.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "report/compare_charts.hpp"
#include "report/comparison.hpp"
#include "report/flow_facts.hpp"
#include "report/run_frame.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/report/html.hpp"
#include "thalweg/report/numbers.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {
namespace {

using Runs = std::vector<ComparedRun>;

constexpr std::string_view kProgram = "thalweg compare";
constexpr std::size_t kNamesInTitle = 3;

std::vector<std::string> names_of(const Runs& runs) {
  std::vector<std::string> names;
  for (const ComparedRun& run : runs) names.push_back(run.name);
  return names;
}

std::string title(const Runs& runs) {
  if (runs.size() > kNamesInTitle) return fmt::format("{} runs compared", runs.size());
  const auto names = names_of(runs);
  if (names.size() == 2) return names[0] + " against " + names[1];
  return joined_list(names);
}

std::string lead(const ComparedSettings& settings) {
  const std::string equal = count_text(static_cast<std::int64_t>(settings.equal), "setting");
  if (settings.differing.empty())
    return fmt::format("The runs have the same settings, all {}.", equal);
  constexpr std::size_t kMost = 4;
  std::vector<std::string> names;
  for (const ComparedValue& setting : settings.differing) {
    if (names.size() < kMost) names.push_back("`" + setting.name + "`");
  }
  const std::size_t others = settings.differing.size() - names.size();
  return fmt::format("They differ in {}{}; {} are equal.",
                     fmt::join(names, ", "),
                     others > 0 ? fmt::format(" and {} more", others) : "",
                     equal);
}

std::vector<std::string> head_of(const char* first, const Runs& runs) {
  std::vector<std::string> head = {first};
  for (const ComparedRun& run : runs) head.push_back(run.name);
  return head;
}

// --- the runs
// --------------------------------------------------------------------------------------

void add_runs(Page& page, const Runs& runs) {
  page.section("The runs");
  std::vector<Trace> colours;
  for (const ComparedRun& run : runs) colours.push_back({.name = run.name, .ink = run.ink});
  page.legend(colours, true);
  Table table{
      .caption = "", .head = head_of("", runs), .rows = {}, .text_columns = runs.size() + 1};
  std::vector<std::pair<std::string, std::string>> common;
  const auto add = [&](const char* name, const auto& text_of) {
    std::vector<std::string> texts;
    for (const ComparedRun& run : runs) texts.push_back(text_of(run.data));
    if (std::all_of(
            texts.begin(), texts.end(), [&](const auto& text) { return text == texts[0]; })) {
      if (!texts[0].empty()) common.emplace_back(name, texts[0]);
      return;
    }
    std::vector<Cell> row = {name};
    for (const std::string& text : texts) row.emplace_back(text.empty() ? "–" : text);
    table.rows.push_back(std::move(row));
  };
  const auto fact = [](const char* path) {
    return [path](const RunData& run) { return run.facts.text(fmt::format("results.{}", path)); };
  };
  add("Command", [](const RunData& run) { return run.command; });
  add("Status", status_text);
  add("Model", fact("model"));
  add("Data", fact("data"));
  add("Loss", fact("loss"));
  add("Optimizer", fact("optimizer"));
  if (!common.empty()) page.metadata(common);  // in the head: what all have in common
  if (!table.rows.empty()) page.table(table);
  if (runs.size() > kRunInks) {
    page.paragraph(fmt::format("There are more runs than colours: from the {}th on they repeat.",
                               kRunInks + 1));
  }
}

// --- settings and results
// --------------------------------------------------------------------------

std::string setting_text(const nlohmann::json& value) {
  if (value.is_null()) return "–";
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    return text.empty() ? "none" : text;
  }
  if (value.is_number_float()) return round_trip(value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> items;
  for (const auto& item : value) items.push_back(setting_text(item));
  return items.empty() ? "none" : fmt::format("{}", fmt::join(items, ", "));
}

void add_settings(Page& page, const Runs& runs, const ComparedSettings& settings) {
  page.section("What differs");
  Table table{.caption = "Settings with different values",
              .head = head_of("Setting", runs),
              .rows = {},
              .text_columns = runs.size() + 1};
  for (const ComparedValue& setting : settings.differing) {
    std::vector<Cell> row = {"`" + setting.name + "`"};
    for (const auto& value : setting.values) row.emplace_back(setting_text(value));
    table.rows.push_back(std::move(row));
  }
  if (!table.rows.empty()) page.table(table);
  const auto count = [](std::size_t n) {
    return count_text(static_cast<std::int64_t>(n), "setting");
  };
  std::string rest = fmt::format("Equal in all runs: **{}**.", count(settings.equal));
  if (settings.foreign > 0) {
    rest += fmt::format(" Not in all of the commands: **{}**.", count(settings.foreign));
  }
  page.paragraph(rest);
}

Cell result_cell(const ComparedResult& result, const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) return "–";
  const auto number = value.get<double>();
  switch (result.kind) {
    case ResultKind::kStep:
      return count_text(std::llround(number));
    case ResultKind::kError:
      return {percent_text(number), verdict(number).tone};
    case ResultKind::kRatio:
      return {percent_text(number), verdict(number - 1).tone};
    case ResultKind::kSeconds:
      return number < 1 ? number_text(number) + " s" : duration_text(number);
    case ResultKind::kBytes:
      return size_text(number);
    case ResultKind::kText:
    case ResultKind::kNumber:
      break;
  }
  return number_text(number, 4);
}

/// Which run has the smallest of a result, where at least two have it.
std::string least_sentence(const Runs& runs,
                           const std::vector<ComparedResult>& results,
                           std::string_view path,
                           const char* sentence) {
  const auto found = std::find_if(results.begin(), results.end(), [&](const ComparedResult& r) {
    return r.value.name == path;
  });
  if (found == results.end()) return {};
  std::size_t count = 0, best = 0;
  double least = INFINITY;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& value = found->value.values[i];
    if (!value.is_number() || runs[i].data.facts.text("status") == "diverged") continue;
    ++count;
    const double size = std::abs(value.get<double>());
    if (size >= least) continue;
    least = size;
    best = i;
  }
  if (count < 2) return {};
  const auto text = found->kind == ResultKind::kError ? percent_text(least) : number_text(least, 4);
  return fmt::format(fmt::runtime(sentence), runs[best].name, text);
}

void add_results(Page& page, const Runs& runs, const std::vector<ComparedResult>& results) {
  if (results.empty()) return;
  page.section("Side by side");
  page.paragraph(least_sentence(runs,
                                results,
                                "processes.discrete.loss",
                                "**{}** ended with the lowest training loss, {}. ") +
                 least_sentence(runs,
                                results,
                                "prediction.loss_error",
                                "The average loss was predicted best for **{}**, within {}. ") +
                 least_sentence(runs,
                                results,
                                "prediction.weight_distance.central",
                                "The central flow ended nearest to its run for **{}**, {} away."));
  Table table{.caption = "Key results", .head = head_of("", runs), .rows = {}};
  for (const ComparedResult& result : results) {
    std::vector<Cell> row = {result.label};
    for (const auto& value : result.value.values) row.push_back(result_cell(result, value));
    table.rows.push_back(std::move(row));
  }
  page.table(table);
}

// --- series and eigenvalues
// ------------------------------------------------------------------------

void add_charts(Page& page, const Runs& runs) {
  const auto charts = compare_charts(runs);
  if (charts.empty()) return;
  page.section("Step by step");
  page.paragraph(
      "A run has the same colour in every chart, a process the same stroke. Click on an entry of a "
      "key to hide or show it, on a run above to hide or show it everywhere; drag across a chart "
      "to zoom all of them.");
  page.legend(stroke_legend(runs), false);
  for (const SeriesChart& chart : charts) page.chart(chart);
}

void add_eigenvalues(Page& page, const Runs& runs) {
  Table table{.caption = "Leading eigenvalues of the Hessian", .head = {""}, .rows = {}};
  std::vector<std::vector<double>> columns;
  std::size_t most = 0;
  for (const ComparedRun& run : runs) {
    auto values = run.data.facts.numbers("results.eigenvalues");
    if (values.empty()) continue;
    most = std::max(most, values.size());
    table.head.push_back(run.name);
    columns.push_back(std::move(values));
  }
  if (columns.empty()) return;
  for (std::size_t i = 0; i < most; ++i) {
    std::vector<Cell> row = {fmt::format("λ{}", i + 1)};
    for (const auto& values : columns) {
      row.emplace_back(i < values.size() ? number_text(values[i], 6) : "–");
    }
    table.rows.push_back(std::move(row));
  }
  page.section("Spectra");
  page.table(table);
}

void add_origin(Page& page, const Runs& runs) {
  page.section("Compare them again");
  std::string command(kProgram);
  for (const ComparedRun& run : runs) command += " " + shell_word(run.data.path);
  page.preformatted(command);
  page.footer(
      "Every number behind the charts is in `metrics.h5` of its run, as PROCESS/NAME, row by "
      "step.");
}

}  // namespace

ComparePage compare_page(const std::vector<run::RunFolder>& folders) {
  const Runs runs = read_runs(folders);
  const ComparedSettings settings = compare_settings(runs);
  const std::vector<ComparedResult> results = compare_results(runs);
  Page page(
      title(runs),
      fmt::format("{} · {}", kProgram, count_text(static_cast<std::int64_t>(runs.size()), "run")));
  page.generator(std::string(kProgram));
  page.lead(lead(settings));
  add_runs(page, runs);
  add_settings(page, runs, settings);
  add_results(page, runs, results);
  add_charts(page, runs);
  add_eigenvalues(page, runs);
  add_origin(page, runs);
  return {.html = page.html(), .json = comparison_json(runs, settings, results)};
}

bool is_compare_page(std::string_view beginning) {
  return beginning.starts_with("<!DOCTYPE html>") &&
         beginning.find(fmt::format(R"(name="generator" content="{}")", kProgram)) !=
             std::string_view::npos;
}

}  // namespace thalweg::report
