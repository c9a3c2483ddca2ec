#include "report/race_data.hpp"

#include <algorithm>
#include <cmath>

namespace thalweg::report {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> numbers_of(const json& array) {
  std::vector<double> out;
  if (!array.is_array()) return out;
  for (const auto& value : array) out.push_back(value.is_number() ? value.get<double>() : kNaN);
  return out;
}

std::vector<std::vector<double>> table_of(const json& rows) {
  std::vector<std::vector<double>> out;
  if (!rows.is_array()) return out;
  for (const auto& row : rows) out.push_back(numbers_of(row));
  return out;
}

std::optional<double> number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return {};
  return found->get<double>();
}

json member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? json() : *found;
}

bool same_shape(const std::vector<std::vector<double>>& a,
                const std::vector<std::vector<double>>& b) {
  return std::ranges::equal(a, b, {}, &std::vector<double>::size, &std::vector<double>::size);
}

RaceMethod method_of(const std::string& name, const json& results, const RaceData& race) {
  RaceMethod method{.name = name,
                    .overlap2_mean = table_of(member(results, "overlap2_mean")),
                    .overlap2_se = table_of(member(results, "overlap2_se")),
                    .samples_to_half = numbers_of(member(results, "samples_to_half")),
                    .samples_to_half_log_se = numbers_of(member(results, "samples_to_half_log_se")),
                    .exponent = number_of(results, "exponent"),
                    .exponent_se = number_of(results, "exponent_se"),
                    .log_prefactor = number_of(results, "log_prefactor"),
                    .curvature = number_of(results, "curvature"),
                    .theory = number_of(results, "theory")};
  if (!same_shape(method.overlap2_mean, race.samples)) {
    method.overlap2_mean.clear();
    for (const auto& sizes : race.samples) method.overlap2_mean.emplace_back(sizes.size(), kNaN);
  }
  if (!same_shape(method.overlap2_se, race.samples)) method.overlap2_se = method.overlap2_mean;
  method.samples_to_half.resize(race.dimensions.size(), kNaN);
  method.samples_to_half_log_se.resize(race.dimensions.size(), kNaN);
  return method;
}

}  // namespace

double RaceMethod::best_overlap2(std::size_t dimension) const {
  double best = kNaN;
  for (const double value : overlap2_mean[dimension]) best = std::fmax(best, value);
  return best;
}

bool RaceMethod::reached_half() const {
  return std::ranges::any_of(samples_to_half, [](double n) { return !std::isnan(n); });
}

bool RaceMethod::was_run() const {
  for (std::size_t d = 0; d < overlap2_mean.size(); ++d)
    if (std::isnan(best_overlap2(d))) return false;
  return true;
}

RaceData race_data(const RunData& run) {
  RaceData race{.dimensions = run.facts.numbers("results.dimensions")};
  if (const auto* samples = run.facts.find("results.samples")) race.samples = table_of(*samples);
  race.samples.resize(race.dimensions.size());
  const auto* methods = run.facts.find("results.methods");
  if (methods == nullptr || !methods->is_object()) return race;
  for (const auto& [name, results] : methods->items())
    if (results.is_object()) race.methods.push_back(method_of(name, results, race));
  return race;
}

}  // namespace thalweg::report
