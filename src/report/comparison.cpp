#include "report/comparison.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "report/flow_facts.hpp"
#include "report/run_frame.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::report {
namespace {

using nlohmann::json;

std::string unique_name(const std::string& name, const std::set<std::string>& taken) {
  std::string out = name;
  for (int number = 2; taken.contains(out); ++number) out = fmt::format("{} ({})", name, number);
  return out;
}

// --- settings
// --------------------------------------------------------------------------------------

json value_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return whole->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  json items = json::array();
  if (const auto* array = node.as_array()) {
    for (const toml::node& item : *array) items.push_back(value_of(item));
  }
  return items;
}

/// The settings of a run in the order of its configuration.
std::vector<std::pair<std::string, json>> settings_of(const RunData& run) {
  struct Entry {
    toml::source_position place;
    std::string name;
    json value;
  };
  std::vector<Entry> entries;
  try {
    for (const auto& [key, node] : toml::parse(run.configuration)) {
      entries.push_back({node.source().begin, std::string(key.str()), value_of(node)});
    }
  } catch (const toml::parse_error& error) {
    throw BadInput(fmt::format("{}/config.toml:{}", run.path, error.source().begin.line),
                   fmt::format("is damaged: {}. Correct the line, or compare without this run.",
                               error.description()));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.place < b.place;
  });
  std::vector<std::pair<std::string, json>> out;
  for (Entry& entry : entries) out.emplace_back(std::move(entry.name), std::move(entry.value));
  return out;
}

bool is_program_key(const std::string& key) { return key == "thalweg" || key == "command"; }

/// Whether a run lacks what another run of its command has.
bool is_missing(const ComparedValue& setting, const std::vector<ComparedRun>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::size_t j = 0; j < runs.size(); ++j) {
      if (runs[i].data.command == runs[j].data.command && setting.values[i].is_null() &&
          !setting.values[j].is_null()) {
        return true;
      }
    }
  }
  return false;
}

/// Whether the runs that have a setting agree in it.
bool agrees(const ComparedValue& setting) {
  const json* first = nullptr;
  for (const json& value : setting.values) {
    if (value.is_null()) continue;
    if (first != nullptr && value != *first) return false;
    first = &value;
  }
  return true;
}

// --- results
// ---------------------------------------------------------------------------------------

/// A key result: its path in the JSON, which is that below `results` of the summary, or at its top
/// with a leading slash; and the series whose last value stands in for it.
struct ResultKey {
  const char* label;
  const char* path;
  ResultKind kind;
  const char* series = "";
};

constexpr std::array<ResultKey, 35> kResults = {{
    {"Parameters", "parameters", ResultKind::kNumber},
    {"Examples", "examples", ResultKind::kNumber},
    {"Steps", "processes.discrete.steps", ResultKind::kStep},
    {"Training loss of the run",
     "processes.discrete.loss",
     ResultKind::kNumber,
     "discrete/train_loss"},
    {"… of the central flow", "processes.central.loss", ResultKind::kNumber, "central/train_loss"},
    {"… of the stable flow", "processes.stable.loss", ResultKind::kNumber, "stable/train_loss"},
    {"… of the rod flow", "processes.rod.loss", ResultKind::kNumber, "rod/train_loss"},
    {"Training accuracy of the run", "train_acc", ResultKind::kNumber, "discrete/train_acc"},
    {"Test loss of the run", "test_loss", ResultKind::kNumber, "discrete/test_loss"},
    {"Test accuracy of the run", "test_acc", ResultKind::kNumber, "discrete/test_acc"},
    {"Effective sharpness of the run",
     "processes.discrete.sharpness",
     ResultKind::kNumber,
     "discrete/effective_hessian_eigs"},
    {"Squared gradient norm of the run",
     "processes.discrete.gradient_norm2",
     ResultKind::kNumber,
     "discrete/grad_norm_sq"},
    {"Edge of stability", "edge.threshold", ResultKind::kNumber},
    {"Run at the edge from step", "edge.first_step", ResultKind::kStep},
    {"Central flow at the edge from step", "edge.first_step_central", ResultKind::kStep},
    {"First burst later by, steps", "edge.delay", ResultKind::kStep},
    {"Directions of the central flow", "edge.directions", ResultKind::kStep},
    {"Error of the predicted loss", "prediction.loss_error", ResultKind::kError},
    {"… by the rod flow", "prediction.rod_loss_error", ResultKind::kError},
    {"Error of the predicted |gradient|²", "prediction.gradient_norm2_error", ResultKind::kError},
    {"Variance, predicted to measured", "prediction.variance_ratio.total", ResultKind::kRatio},
    {"Central flow to run, at the end", "prediction.weight_distance.central", ResultKind::kNumber},
    {"Stable flow to run, at the end", "prediction.weight_distance.stable", ResultKind::kNumber},
    {"Rod flow to run, at the end", "prediction.weight_distance.rod", ResultKind::kNumber},
    {"Stationary flow to run, at the end",
     "prediction.weight_distance.stationary",
     ResultKind::kNumber},
    {"Ablated flow to run, at the end", "prediction.weight_distance.ablated", ResultKind::kNumber},
    {"Central flow to run, on average",
     "prediction.weight_distance_mean.central",
     ResultKind::kNumber},
    {"Stable flow to run, on average",
     "prediction.weight_distance_mean.stable",
     ResultKind::kNumber},
    {"Training loss", "training_loss", ResultKind::kNumber},
    {"Trace of the Hessian", "trace", ResultKind::kNumber},
    {"… standard error", "trace_error", ResultKind::kNumber},
    {"A central step, in gradients", "cost.central_step_in_gradients", ResultKind::kNumber},
    {"One gradient", "cost.gradient_seconds", ResultKind::kSeconds},
    {"Time", "/seconds_wall", ResultKind::kSeconds},
    {"Memory at most", "/peak_memory_bytes", ResultKind::kBytes},
}};

json result_of(const RunData& run, const ResultKey& key) {
  const std::string_view path = key.path;
  const nlohmann::json* found = run.facts.find(
      path.starts_with('/') ? std::string(path.substr(1)) : fmt::format("results.{}", path));
  if (found != nullptr && !found->is_structured() && !found->is_null()) return *found;
  const double last = last_value(run.column(key.series));
  return std::isnan(last) ? json() : json(last);
}

}  // namespace

std::vector<ComparedRun> read_runs(const std::vector<run::RunFolder>& folders) {
  std::vector<ComparedRun> runs;
  std::set<std::string> names;
  for (const run::RunFolder& folder : folders) {
    const std::string name = unique_name(folder.name(), names);
    names.insert(name);
    runs.push_back({name, run_ink(runs.size()), read_run(folder)});
  }
  return runs;
}

ComparedSettings compare_settings(const std::vector<ComparedRun>& runs) {
  std::vector<ComparedValue> all;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (auto& [name, value] : settings_of(runs[i].data)) {
      if (is_program_key(name)) continue;
      auto found = std::find_if(all.begin(), all.end(), [&](const ComparedValue& setting) {
        return setting.name == name;
      });
      if (found == all.end()) {
        found = all.insert(all.end(), {name, std::vector<json>(runs.size())});
      }
      found->values[i] = std::move(value);
    }
  }
  ComparedSettings out;
  for (ComparedValue& setting : all) {
    if (!agrees(setting) || is_missing(setting, runs)) {
      out.differing.push_back(std::move(setting));
    } else if (std::count(setting.values.begin(), setting.values.end(), json()) > 0) {
      ++out.foreign;
    } else {
      ++out.equal;
    }
  }
  return out;
}

std::vector<ComparedResult> compare_results(const std::vector<ComparedRun>& runs) {
  std::vector<ComparedResult> out;
  for (const ResultKey& key : kResults) {
    const std::string_view path = key.path;
    ComparedResult result{.label = key.label,
                          .kind = key.kind,
                          .value = {std::string(path.substr(path.starts_with('/') ? 1 : 0)), {}}};
    bool found = false;
    for (const ComparedRun& run : runs) {
      result.value.values.push_back(result_of(run.data, key));
      found = found || !result.value.values.back().is_null();
    }
    if (found) out.push_back(std::move(result));
  }
  return out;
}

json comparison_json(const std::vector<ComparedRun>& runs,
                     const ComparedSettings& settings,
                     const std::vector<ComparedResult>& results) {
  const auto by_run = [&](const ComparedValue& compared) {
    json out = json::object();
    for (std::size_t i = 0; i < runs.size(); ++i) out[runs[i].name] = compared.values[i];
    return out;
  };
  json out = {{"runs", json::array()},
              {"settings",
               {{"differing", json::object()},
                {"equal", settings.equal},
                {"of_one_command", settings.foreign}}},
              {"results", json::object()},
              {"eigenvalues", json::object()}};
  for (const ComparedRun& run : runs) {
    out["runs"].push_back({{"name", run.name},
                           {"path", run.data.path},
                           {"command", run.data.command},
                           {"status", status_text(run.data)}});
    if (const auto* values = run.data.facts.find("results.eigenvalues")) {
      out["eigenvalues"][run.name] = *values;
    }
  }
  for (const auto& setting : settings.differing) {
    out["settings"]["differing"][setting.name] = by_run(setting);
  }
  for (const auto& result : results) out["results"][result.value.name] = by_run(result.value);
  return out;
}

}  // namespace thalweg::report
