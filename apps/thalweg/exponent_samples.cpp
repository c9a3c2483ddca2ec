#include "exponent_samples.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "leap_list.hpp"
#include "setting_text.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/data/table.hpp"
#include "thalweg/index/leap_explanation.hpp"
#include "thalweg/index/sample_exponent.hpp"
#include "thalweg/index/sample_leap.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

constexpr double kFalseAlarm = 0.01;

/// A column to mean 0 and variance 1; warns where it is far from normal.
std::vector<double> standardised(const std::string& name, std::vector<double> z, json& warnings) {
  const auto n = static_cast<double>(z.size());
  double mean = 0, square = 0, third = 0, fourth = 0;
  for (const double value : z) mean += value / n;
  for (const double value : z) square += (value - mean) * (value - mean) / n;
  if (!(square > 0))
    throw InvalidArgument("--index", fmt::format("the column '{}' does not vary; drop it.", name));
  for (double& value : z) {
    value = (value - mean) / std::sqrt(square);
    third += std::pow(value, 3) / n;
    fourth += std::pow(value, 4) / n;
  }
  if (std::abs(third) > 0.5 || std::abs(fourth - 3) > 1) {
    warnings.push_back(fmt::format(
        "The column '{}' is not normal (skewness {:.2g}, kurtosis {:.2g} where it should be 0 and "
        "3): orders above 1 may show its own shape.",
        name,
        third,
        fourth));
  }
  return z;
}

/// Says what so many rows could not have shown: orders and the least that would have shown at each,
/// growing with the order. @param quantity  what the limits are of; it is below one
std::string explain_silence(const std::string& quantity,
                            const std::vector<std::pair<int, double>>& limits,
                            std::int64_t rows) {
  if (limits.empty()) return "";
  const auto blind =
      std::ranges::find_if(limits, [&](const auto& limit) { return limit.second >= 1; });
  std::string text;
  if (blind != limits.begin()) {
    const auto& [lowest, first] = limits.front();
    const auto& [highest, last] = *(blind - 1);
    text = fmt::format(" {} rows would show {} of about {:.2g} or more at order {}",
                       rows,
                       quantity,
                       first,
                       lowest);
    if (last > 1.05 * first) text += fmt::format(" and {:.2g} at order {}", last, highest);
    text += ".";
  }
  if (blind != limits.end())
    text += fmt::format(" They are too few to see anything from order {} on.", blind->first);
  return text;
}

json exponent_results(const data::Table& table,
                      const std::string& column,
                      const ExponentCommandOptions& options) {
  json results = {{"warnings", json::array()}};
  const auto z = standardised(column, table.column(column), results["warnings"]);
  const auto found = index::sample_exponents(
      z,
      table.column(options.response),
      {.max_order = static_cast<int>(options.max_order),
       .false_alarm = kFalseAlarm,
       .key = Key{.seed = static_cast<std::uint64_t>(options.common.seed)}.with("exponents"),
       .threads = static_cast<int>(options.common.threads)});
  // Lists begin with order 0, which says nothing: y is centred.
  json orders = json::array(), lambda = {1.0}, error = {0.0}, coefficients = {0.0};
  std::vector<std::pair<int, double>> limits;
  for (const auto& order : found.orders) {
    orders.push_back({{"lambda2", order.lambda2},
                      {"lambda2_coarser", order.lambda2_coarser},
                      {"se", order.se},
                      {"z_score", order.z_score},
                      {"shows", order.shows},
                      {"upper", order.upper},
                      {"resolvable", order.resolvable},
                      {"slices", order.slices},
                      {"coefficient", order.coefficient},
                      {"coefficient_se", order.coefficient_se}});
    lambda.push_back(order.lambda());
    error.push_back(order.se / (2 * std::max(order.lambda(), std::sqrt(order.se))));
    coefficients.push_back(order.coefficient);
    if (static_cast<int>(limits.size()) + 1 < found.generative_exponent.value_or(99))
      limits.emplace_back(static_cast<int>(limits.size()) + 1, order.resolvable);
  }
  const json generative =
      found.generative_exponent ? json(*found.generative_exponent) : json(nullptr);
  const json information =
      found.information_exponent ? json(*found.information_exponent) : json(nullptr);
  std::string explanation =
      found.generative_exponent
          ? fmt::format("Order {} is the first that shows.", *found.generative_exponent)
          : fmt::format("No order up to {} shows.", options.max_order);
  explanation += explain_silence("a λ", limits, table.rows());
  results.update({{"information_exponent", information},
                  {"generative_exponent", generative},
                  {"information_leap", information},
                  {"generative_leap", generative},
                  {"leaps", json::array()},
                  {"hermite_coefficients", std::move(coefficients)},
                  {"lambda", std::move(lambda)},
                  {"lambda_error", std::move(error)},
                  {"orders", std::move(orders)},
                  {"explanation", std::move(explanation)}});
  if (found.generative_exponent)
    results["leaps"].push_back({{"order", *found.generative_exponent}, {"directions", 1}});
  return results;
}

json test_list(const std::vector<index::OrderTest>& tests) {
  json list = json::array();
  for (const auto& test : tests) {
    list.push_back({{"order", test.order},
                    {"shows", test.shows},
                    {"strength", test.strength},
                    {"se", test.se},
                    {"z_score", test.z_score},
                    {"resolvable", test.resolvable},
                    {"cells", test.cells}});
  }
  return list;
}

/// Each leap with the orders tried for it.
json tested_leap_list(const index::SampleLeaps& found, const std::vector<std::string>& columns) {
  json list = leap_list(found.leaps, found.weights, columns);
  for (std::size_t i = 0; i < list.size(); ++i) list[i]["orders"] = test_list(found.tests[i]);
  return list;
}

std::string explain_leaps(const index::SampleLeaps& found,
                          const ExponentCommandOptions& options,
                          std::int64_t rows) {
  const auto& leaps = found.leaps;
  std::string text = index::describe_steps(leaps, found.weights, comma_items(options.index));
  if (leaps.undetected == 0) return text + "Every direction of the columns drives the response.";
  text += leaps.steps.empty()
              ? fmt::format("No order up to {} shows.", options.max_order)
              : fmt::format(
                    "Given what was found, no order up to {} shows {} of the columns.",
                    options.max_order,
                    leaps.undetected == 1
                        ? "the one direction that is left"
                        : fmt::format("any of the {} directions that are left", leaps.undetected));
  if (found.tests.size() > leaps.steps.size()) {
    std::vector<std::pair<int, double>> limits;
    for (const auto& test : found.tests.back()) limits.emplace_back(test.order, test.resolvable);
    text += explain_silence("a strength λ²", limits, rows);
  }
  return text;
}

json leap_results(const data::Table& table,
                  const std::vector<std::string>& columns,
                  const ExponentCommandOptions& options) {
  json warnings = json::array();
  Matrix x(table.rows(), static_cast<Eigen::Index>(columns.size()));
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto z = standardised(columns[j], table.column(columns[j]), warnings);
    x.col(static_cast<Eigen::Index>(j)) =
        Eigen::Map<const Vector>(z.data(), static_cast<Eigen::Index>(z.size()));
  }
  const auto& y = table.column(options.response);
  constexpr std::int64_t kMostOrder = 6;
  ExponentCommandOptions limited = options;
  limited.max_order = std::min(options.max_order, kMostOrder);
  const auto found = index::sample_leaps(
      x,
      Eigen::Map<const Vector>(y.data(), static_cast<Eigen::Index>(y.size())),
      {.max_order = static_cast<int>(limited.max_order),
       .false_alarm = kFalseAlarm,
       .names = columns,
       .where = "--index",
       .key = Key{.seed = static_cast<std::uint64_t>(options.common.seed)}.with("leaps"),
       .threads = static_cast<int>(options.common.threads)});
  if (!found.note.empty()) warnings.push_back(found.note);
  json results = {
      {"generative_leap", found.leaps.exponent > 0 ? json(found.leaps.exponent) : json(nullptr)},
      {"leaps", tested_leap_list(found, columns)},
      {"undetected", found.leaps.undetected},
      {"unresolved", json::array()},
      {"columns", columns},
      {"explanation", explain_leaps(found, limited, table.rows())},
      {"warnings", std::move(warnings)}};
  if (found.tests.size() > found.leaps.steps.size())
    results["unresolved"] = test_list(found.tests.back());
  return results;
}

}  // namespace

json sample_results(const ExponentCommandOptions& options) {
  const auto columns = comma_items(options.index);
  std::vector<std::string> wanted = columns;
  wanted.push_back(options.response);
  const auto table = data::read_table(options.table, wanted);
  const std::int64_t least = columns.size() == 1 ? 40 : 100;
  if (table.rows() < least) {
    throw BadInput(
        options.table,
        fmt::format("needs {} rows or more to say anything; got {}.", least, table.rows()));
  }
  json results = columns.size() == 1 ? exponent_results(table, columns.front(), options)
                                     : leap_results(table, columns, options);
  results["rows"] = table.rows();
  results["false_alarm"] = kFalseAlarm;
  results["data"] =
      fmt::format("{}: {} on {}",
                  std::filesystem::path(options.table).filename().string(),
                  options.response,
                  join(columns, ", "));
  return results;
}

}  // namespace thalweg::app
