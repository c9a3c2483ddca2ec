#include "report/run_data.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include <toml++/toml.h>

#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/report/numbers.hpp"

namespace thalweg::report {
namespace {

bool has_number(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

/// The command a configuration belongs to. A damaged configuration is not this page's business: it
/// names none.
std::string configured_command(const std::string& configuration) {
  try {
    return toml::parse(configuration)["command"].value_or(std::string());
  } catch (const toml::parse_error&) {
    return {};
  }
}

Facts summary_of(const run::RunFolder& folder) {
  const bool ended = std::filesystem::exists(folder.summary());
  return Facts(ended ? folder.read_summary() : nlohmann::json::object());
}

std::string configuration_of(const run::RunFolder& folder) {
  return std::filesystem::exists(folder.config()) ? read_file(folder.config()) : std::string();
}

}  // namespace

const nlohmann::json* Facts::find(std::string_view path) const {
  const nlohmann::json* at = &summary_;
  for (const std::string& key : split(path, '.')) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(key);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::optional<double> Facts::number(std::string_view path) const {
  const nlohmann::json* value = find(path);
  if (value == nullptr || !value->is_number()) return {};
  return value->get<double>();
}

std::string Facts::text(std::string_view path) const {
  const nlohmann::json* value = find(path);
  if (value == nullptr) return {};
  if (value->is_number()) return number_text(value->get<double>(), 4);
  return value->is_string() ? value->get<std::string>() : std::string();
}

std::vector<std::string> Facts::texts(std::string_view path) const {
  std::vector<std::string> out;
  const nlohmann::json* values = find(path);
  if (values == nullptr || !values->is_array()) return out;
  for (const auto& value : *values) {
    if (value.is_string()) out.push_back(value.get<std::string>());
  }
  return out;
}

std::vector<double> Facts::numbers(std::string_view path) const {
  std::vector<double> out;
  const nlohmann::json* values = find(path);
  if (values == nullptr || !values->is_array()) return out;
  for (const auto& value : *values) {
    out.push_back(value.is_number() ? value.get<double>()
                                    : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

double json_number(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>()
                                                     : std::numeric_limits<double>::quiet_NaN();
}

std::string json_text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const run::Series* RunData::find(std::string_view series_path) const {
  const auto found = series.find(series_path);
  return found == series.end() ? nullptr : &found->second;
}

std::vector<double> RunData::column(std::string_view series_path, std::int64_t column) const {
  const run::Series* found = find(series_path);
  if (found == nullptr || column >= found->columns) return {};
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(found->rows));
  for (std::int64_t row = 0; row < found->rows; ++row) out.push_back(found->at(row, column));
  return out;
}

std::vector<std::vector<double>> RunData::columns(std::string_view series_path) const {
  std::vector<std::vector<double>> out;
  const run::Series* found = find(series_path);
  for (std::int64_t c = 0; found != nullptr && c < found->columns; ++c) {
    auto values = column(series_path, c);
    if (has_number(values)) out.push_back(std::move(values));
  }
  return out;
}

std::string command_of(const run::RunFolder& folder) {
  const std::string summarised = summary_of(folder).text("command");
  return summarised.empty() ? configured_command(configuration_of(folder)) : summarised;
}

RunData read_run(const run::RunFolder& folder) {
  RunData data{.name = folder.name(),
               .path = folder.path().string(),
               .command = command_of(folder),
               .facts = summary_of(folder),
               .configuration = configuration_of(folder),
               .series = {}};
  if (std::filesystem::exists(folder.metrics())) data.series = run::read_metrics(folder.metrics());
  return data;
}

}  // namespace thalweg::report
