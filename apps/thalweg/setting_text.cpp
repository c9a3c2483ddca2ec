#include "setting_text.hpp"

#include <cstdint>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

#include "thalweg/base/text.hpp"

namespace thalweg::app {
namespace {

std::string value_text(const std::string& value) { return value; }
std::string value_text(const std::vector<std::string>& value) { return join(value, ","); }
std::string value_text(double value) { return round_trip(value); }
std::string value_text(std::int64_t value) { return std::to_string(value); }
std::string value_text(bool) { return {}; }
template <typename T>
std::string value_text(const std::optional<T>& value) {
  return value ? value_text(*value) : std::string{};
}

template <typename... T>
bool targets_any_of(const run::Setting& setting) {
  return (std::holds_alternative<T*>(setting.target) || ...);
}

bool is_switched_on(const run::Setting& setting) { return *std::get<bool*>(setting.target); }

}  // namespace

std::vector<std::string> comma_items(const std::vector<std::string>& values) {
  std::vector<std::string> items;
  for (const auto& value : values) {
    const auto parts = split(value, ',');
    items.insert(items.end(), parts.begin(), parts.end());
  }
  return items;
}

bool is_flag(const run::Setting& setting) { return targets_any_of<bool>(setting); }

bool is_list(const run::Setting& setting) {
  return targets_any_of<std::vector<std::string>>(setting);
}

std::string metavar(const run::Setting& setting) {
  if (is_flag(setting)) return {};
  if (!setting.metavar.empty()) return setting.metavar;
  if (targets_any_of<std::int64_t, std::optional<std::int64_t>>(setting)) return "N";
  if (targets_any_of<double, std::optional<double>>(setting)) return "R";
  return setting.choices.empty() ? "TEXT" : "NAME";
}

std::string option_text(const run::Setting& setting) {
  return (is_flag(setting) && is_switched_on(setting) ? "--no-" : "--") + setting.name;
}

std::string usage_text(const run::Setting& setting) {
  auto spellings = setting.aliases;
  spellings.push_back(option_text(setting));
  const auto value = metavar(setting);
  return join(spellings, ", ") + (value.empty() ? "" : " " + value);
}

std::string default_text(const run::Setting& setting) {
  return std::visit([](const auto* target) { return value_text(*target); }, setting.target);
}

std::string plain_help(const run::Setting& setting) {
  const bool offers_less = is_flag(setting) && is_switched_on(setting);  // shown as --no-name
  return (offers_less ? "do not " : "") + setting.help;
}

std::string full_help(const run::Setting& setting) {
  std::vector<std::string> remarks;
  if (!setting.choices.empty()) remarks.push_back(join(setting.choices, ", "));
  if (const auto value = default_text(setting); !value.empty() && setting.choices.size() != 1) {
    remarks.push_back("default " + value);
  }
  const auto help = plain_help(setting);
  return remarks.empty() ? help : help + " (" + join(remarks, "; ") + ")";
}

}  // namespace thalweg::app
