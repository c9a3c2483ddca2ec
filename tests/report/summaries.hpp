#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace thalweg::report::testing {

// A small summary.json of every command, with numbers whose meaning is plain.

inline nlohmann::json race_summary(const char* command) {
  const auto method = [](double half, double exponent) {
    return nlohmann::json{{"samples_to_half", {half, 4 * half}},
                          {"samples_to_half_log_se", {0.1, 0.1}},
                          {"overlap2_mean", {{0.2, 0.6}, {0.2, 0.6}}},
                          {"overlap2_se", {{0.1, 0.1}, {0.1, nullptr}}},
                          {"exponent", exponent},
                          {"exponent_se", 0.05},
                          {"theory", 2}};
  };
  return {{"command", command},
          {"status", "done"},
          {"results",
           {{"link", "h4(z)"},
            {"dimensions", {20, 40}},
            {"samples", {{10, 1000}, {10, 1000}}},
            {"seeds", 8},
            {"methods", {{"phd", method(700, 2.02)}, {"u-statistic", method(350, 1.98)}}}}}};
}

inline nlohmann::json exponent_summary() {
  return {{"command", "exponent"},
          {"results",
           {{"information_exponent", 4},
            {"generative_exponent", nullptr},
            {"explanation", "The link is even."},
            {"dimension", 100},
            {"samples_needed",
             {{"phd", {{"samples", nullptr}, {"exact_law", false}}},
              {"ols", {{"samples", 29571}, {"exact_law", true}}},
              {"sgd-average", {{"samples", 8765}, {"exact_law", false}}}}}}}};
}

inline nlohmann::json spectrum_summary() {
  return {{"command", "spectrum"},
          {"results",
           {{"eigenvalues", {8.0, 2.0}},
            {"trace", 20},
            {"trace_error", 0.5},
            {"layers", {{{"name", "head"}, {"trace", 12}}, {{"name", "body"}, {"trace", 8}}}}}}};
}

inline nlohmann::json flow_summary() {
  return {
      {"command", "flow"},
      {"status", "done"},
      {"results",
       {{"optimizer", "gradient descent, learning rate 0.1"},
        {"edge", {{"first_step", 6}, {"first_step_central", 4}, {"directions", 4}, {"delay", 11}}},
        {"processes",
         {{"discrete",
           {{"loss", 0.03},
            {"sharpness", 2.1},
            {"loss_rises", 53},
            {"train_accuracy", 0.996},
            {"test_loss", 0.2},
            {"test_accuracy", 0.91}}},
          {"central", {{"loss", 0.02}, {"largest_sharpness", 2.001}, {"loss_rises", 0}}}}},
        {"prediction", {{"loss_error", 0.003}, {"weight_distance", {{"central", 0.278}}}}},
        {"warnings", {"Third derivatives do **not** converge."}},
        {"suggestions", {"Use `--dtype float64`."}}}}};
}

/// Every summary that differs from this one in one value, which has another type.
inline std::vector<nlohmann::json> damaged_copies(const nlohmann::json& summary) {
  using nlohmann::json;
  std::vector<json> copies;
  const json leaves = summary.flatten();
  for (const auto& [pointer, value] : leaves.items()) {
    std::string path = pointer;
    while (!path.empty()) {
      for (const json& wrong :
           {json(), json("text"), json(-1e300), json(0), json::array({json()}), json::object()}) {
        json copy = summary;
        copy[json::json_pointer(path)] = wrong;
        copies.push_back(std::move(copy));
      }
      path = path.substr(0, path.find_last_of('/'));
    }
  }
  return copies;
}

/// Damaged copies of a summary of every command, and what is no summary at all.
inline std::vector<nlohmann::json> damaged_summaries() {
  std::vector<nlohmann::json> all = {"no object", nullptr, nlohmann::json::object()};
  for (const nlohmann::json& summary : {flow_summary(),
                                        spectrum_summary(),
                                        exponent_summary(),
                                        race_summary("recover"),
                                        race_summary("tensorpca")}) {
    for (nlohmann::json& damaged : damaged_copies(summary)) all.push_back(std::move(damaged));
  }
  return all;
}

}  // namespace thalweg::report::testing
