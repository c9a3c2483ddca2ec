#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "report/headlines.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

std::string order_text(const Facts& facts, const char* path) {
  const auto order = facts.number(path);
  return order ? strong(*order) : "none found up to the orders tried";
}

std::string leaps_text(const nlohmann::json& leaps) {
  std::vector<std::string> parts;
  for (const auto& leap : leaps) {
    if (!leap.is_object()) continue;
    const double order = json_number(leap, "order"), directions = json_number(leap, "directions");
    if (std::isnan(order) || std::isnan(directions)) continue;
    parts.push_back(fmt::format(
        "{} at order {}", count_text(std::llround(directions), "direction"), strong(order)));
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", then "));
}

std::string leaps_line(const Facts& facts, const char* name, const char* path) {
  const auto* leaps = facts.find(path);
  if (leaps == nullptr || !leaps->is_array()) return {};
  return fmt::format("{}: {}.", name, leaps_text(*leaps));
}

std::vector<std::string> order_lines(const Facts& facts) {
  if (facts.find("results.undetected") != nullptr) {
    return {leaps_line(facts, "Generative leaps", "results.leaps"),
            leaps_line(facts, "Information leaps", "results.information_leaps")};
  }
  if (facts.find("results.generative_exponent") == nullptr) return {};
  return {fmt::format("Information exponent: {}. Generative exponent: {}.",
                      order_text(facts, "results.information_exponent"),
                      order_text(facts, "results.generative_exponent"))};
}

std::string key_of(const Facts& facts) {
  for (const auto& [path, name] : {std::pair("results.generative_exponent", "generative exponent"),
                                   std::pair("results.generative_leap", "generative leap")}) {
    if (facts.find(path) == nullptr) continue;
    const auto order = facts.number(path);
    return fmt::format("{} {}", name, order ? number_text(*order) : "not found");
  }
  return {};
}

struct Need {
  std::string method;
  double rows;  ///< infinite where no number is enough
  bool exact;
};

std::vector<Need> needs_of(const Facts& facts) {
  std::vector<Need> needs;
  const auto* methods = facts.find("results.samples_needed");
  if (methods == nullptr || !methods->is_object()) return needs;
  for (const auto& [method, need] : methods->items()) {
    if (!need.is_object()) continue;
    const double rows = json_number(need, "samples");
    const auto exact = need.find("exact_law");
    needs.push_back({method,
                     std::isnan(rows) ? std::numeric_limits<double>::infinity() : rows,
                     exact != need.end() && *exact == true});
  }
  std::ranges::stable_sort(needs, {}, &Need::rows);
  return needs;
}

std::string rows_text(const Need& need) {
  if (std::isinf(need.rows)) return "no number is enough";
  if (!(need.rows >= 1)) return number_text(need.rows);
  if (need.exact) return count_text(std::llround(need.rows));
  const double unit = std::pow(10, std::floor(std::log10(need.rows)));
  return "about " + count_text(std::llround(unit * std::round(need.rows / unit)));
}

Table needs_table(const Facts& facts) {
  Table table{.head = {"Method", "Rows"}};
  if (const auto d = facts.number("results.dimension"))
    table.head[1] += fmt::format(" in d = {}", number_text(*d, 6));
  if (const auto overlap = facts.number("results.overlap"))
    table.head[1] += fmt::format(" for overlap² {}", number_text(*overlap));
  for (const Need& need : needs_of(facts)) table.rows.push_back({need.method, rows_text(need)});
  return table;
}

}  // namespace

Headline exponent_headline(const Facts& facts) {
  Headline out{.key = key_of(facts), .lines = order_lines(facts), .table = needs_table(facts)};
  out.lines.push_back(facts.text("results.explanation"));
  return out;
}

}  // namespace thalweg::report
