#include "thalweg/run/settings.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::run {
namespace {

/// What a setting can hold, apart from where it is held.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// Keys of config.toml that are no settings: what was run, and by which version.
constexpr std::string_view kCommandKey = "command";
constexpr std::string_view kVersionKey = "thalweg";

constexpr std::size_t kLargestConfiguration = std::size_t{1}
                                              << 24;  // bytes; real ones hold a few kB

template <typename T>
struct ValueOf {
  using type = T;
};
template <typename T>
struct ValueOf<std::optional<T>> {
  using type = T;
};

/// Calls `f` with a value-initialised object of the type that the setting holds.
template <typename F>
auto with_type_of(const Setting& setting, F f) {
  return std::visit(
      [&](auto* target) {
        using Field = std::remove_pointer_t<decltype(target)>;
        return f(typename ValueOf<Field>::type{});
      },
      setting.target);
}

// ------------------------------------------------------------------ text and TOML to values

Value parse(bool, std::string_view text, const std::string& what) { return parse_bool(text, what); }
Value parse(std::int64_t, std::string_view text, const std::string& what) {
  return parse_count(text, what);
}
Value parse(double, std::string_view text, const std::string& what) {
  return parse_double(text, what);
}
Value parse(const std::string&, std::string_view text, const std::string&) {
  return std::string(text);
}

Value value_of_text(const Setting& setting, const std::vector<std::string>& values) {
  const std::string what = "--" + setting.name;
  return with_type_of(setting, [&]<typename T>(const T& type) -> Value {
    if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      return values;
    } else {
      if (values.size() != 1) {
        throw InvalidArgument(what, fmt::format("takes one value; got {}.", values.size()));
      }
      return parse(type, values.front(), what);
    }
  });
}

std::optional<Value> convert(bool, const toml::node& node) {
  if (!node.is_boolean()) return {};
  return node.as_boolean()->get();
}

std::optional<Value> convert(std::int64_t, const toml::node& node) {
  if (!node.is_integer()) return {};
  return node.as_integer()->get();
}

std::optional<Value> convert(double, const toml::node& node) {
  if (node.is_integer()) return static_cast<double>(node.as_integer()->get());
  if (!node.is_floating_point()) return {};
  return node.as_floating_point()->get();
}

std::optional<Value> convert(const std::string&, const toml::node& node) {
  if (!node.is_string()) return {};
  return node.as_string()->get();
}

std::optional<Value> convert(const std::vector<std::string>&, const toml::node& node) {
  if (node.is_string()) return std::vector<std::string>{node.as_string()->get()};
  if (!node.is_array()) return {};
  std::vector<std::string> items;
  for (const toml::node& item : *node.as_array()) {
    if (!item.is_string()) return {};
    items.push_back(item.as_string()->get());
  }
  return items;
}

std::optional<Value> value_of_toml(const Setting& setting, const toml::node& node) {
  return with_type_of(setting, [&](const auto& type) { return convert(type, node); });
}

std::string wanted_type(const Setting& setting) {
  return with_type_of(setting, []<typename T>(const T&) -> std::string {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::int64_t>) return "a whole number";
    if constexpr (std::is_same_v<T, double>) return "a number";
    if constexpr (std::is_same_v<T, std::string>) return "a text in quotes";
    return "a list of texts such as [\"a\", \"b\"]";
  });
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

// ------------------------------------------------------------------ ranges and choices

std::string number_text(std::int64_t value) { return fmt::format("{}", value); }
std::string number_text(double value) { return round_trip(value); }

/// TOML files are UTF-8, so only such text survives in a run's config.toml.
bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80             ? 1
                               : (lead & 0xE0) == 0xC0 ? 2
                               : (lead & 0xF0) == 0xE0 ? 3
                               : (lead & 0xF8) == 0xF0 ? 4
                                                       : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xC0) != 0x80) return false;
      code = (code << 6) | (next & 0x3Fu);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < kSmallest[length] || surrogate || code > 0x10FFFF) return false;
    i += length;
  }
  return true;
}

std::string range_text(const Setting& setting) {
  if (setting.minimum && setting.maximum) {
    return fmt::format("from {} to {}", round_trip(*setting.minimum), round_trip(*setting.maximum));
  }
  return setting.minimum ? "at least " + round_trip(*setting.minimum)
                         : "at most " + round_trip(*setting.maximum);
}

/// What is wrong with a value, as "must be at least 0; got -1."; empty where nothing is.
std::string fault(const Setting&, bool) { return ""; }

template <typename Number>
std::string fault(const Setting& setting, Number value) {
  const auto x = static_cast<double>(value);
  if (std::isnan(x)) return "must be a number; got nan.";
  const bool low = setting.minimum && x < *setting.minimum;
  const bool high = setting.maximum && x > *setting.maximum;
  if (!low && !high) return "";
  return fmt::format("must be {}; got {}.", range_text(setting), number_text(value));
}

std::string fault(const Setting& setting, const std::string& value) {
  if (!is_utf8(value)) return "must be UTF-8 text; got bytes that are not.";
  const auto& choices = setting.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) {
    return "";
  }
  return fmt::format(
      "must be one of {}; got '{}'.{}", join(choices, ", "), value, did_you_mean(value, choices));
}

std::string fault(const Setting& setting, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (std::string found = fault(setting, value); !found.empty()) return found;
  }
  return "";
}

std::string fault(const Setting& setting, const Value& value) {
  return std::visit([&](const auto& v) { return fault(setting, v); }, value);
}

void store(const Setting& setting, const Value& value) {
  std::visit(
      [&](auto* target) {
        using Field = std::remove_pointer_t<decltype(target)>;
        *target = std::get<typename ValueOf<Field>::type>(value);
      },
      setting.target);
}

// ------------------------------------------------------------------ values to TOML

std::string toml_text(bool value) { return value ? "true" : "false"; }
std::string toml_text(std::int64_t value) { return fmt::format("{}", value); }

std::string toml_text(double value) {
  const std::string text = round_trip(value);
  const bool reads_as_float = text.find_first_of(".en") != std::string::npos;  // 'n': nan, inf
  return reads_as_float ? text : text + ".0";
}

std::string toml_text(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      text += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text + '"';
}

std::string toml_text(const std::vector<std::string>& values) {
  std::vector<std::string> items;
  for (const std::string& value : values) items.push_back(toml_text(value));
  return "[" + join(items, ", ") + "]";
}

/// What the file says: names of files so that they are found from anywhere.
std::string toml_text(const Setting& setting, const std::string& value) {
  return toml_text(setting.located ? setting.located(value, std::filesystem::current_path())
                                   : value);
}

template <typename T>
std::string toml_text(const Setting&, const T& value) {
  return toml_text(value);
}

std::string toml_line(const Setting& setting) {
  return std::visit(
      [&]<typename Field>(const Field* target) -> std::string {
        if constexpr (requires { target->has_value(); }) {
          if (!*target) return fmt::format("# {} is not set", setting.name);
          return fmt::format("{} = {}", setting.name, toml_text(setting, **target));
        } else {
          return fmt::format("{} = {}", setting.name, toml_text(setting, *target));
        }
      },
      setting.target);
}

// ------------------------------------------------------------------ reading a file

std::string place(const std::filesystem::path& file, const toml::source_region& source) {
  return fmt::format("{}:{}:{}", file.string(), source.begin.line, source.begin.column);
}

toml::table parse_file(const std::filesystem::path& file) {
  try {
    return toml::parse(read_file(file, kLargestConfiguration), file.string());
  } catch (const toml::parse_error& error) {
    throw BadInput(place(file, error.source()), fmt::format("{}.", error.description()));
  }
}

void check_command(const std::filesystem::path& file,
                   const toml::node& node,
                   const std::string& command) {
  const auto found = node.value<std::string>();
  if (found == command) return;
  throw BadInput(place(file, node.source()),
                 fmt::format("this is a configuration of 'thalweg {}', and the command is 'thalweg "
                             "{}'.",
                             found.value_or("?"),
                             command));
}

std::vector<std::string> names_with_prefix(const Settings& settings, std::string_view prefix) {
  std::vector<std::string> names;
  for (const Setting& setting : settings.all())
    names.push_back(fmt::format("{}{}", prefix, setting.name));
  return names;
}

[[noreturn]] void refuse_key(const std::filesystem::path& file,
                             const toml::key& key,
                             const Settings& settings) {
  std::string hint = did_you_mean(key.str(), names_with_prefix(settings, ""));
  if (hint.empty()) hint = fmt::format(" 'thalweg {} --help' lists them.", settings.command());
  throw BadInput(place(file, key.source()), fmt::format("unknown key '{}'.{}", key.str(), hint));
}

Value checked_value(const std::filesystem::path& file,
                    const Setting& setting,
                    const toml::node& node) {
  const std::optional<Value> value = value_of_toml(setting, node);
  const std::string wrong =
      value ? fault(setting, *value)
            : fmt::format("must be {}; got {}.", wanted_type(setting), type_name(node));
  if (!wrong.empty()) {
    throw BadInput(place(file, node.source()), fmt::format("'{}' {}", setting.name, wrong));
  }
  return *value;
}

/// A value of a file: names of other files are relative to its folder.
void store_from(const std::filesystem::path& file, const Setting& setting, Value value) {
  auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && setting.located) *text = setting.located(*text, file.parent_path());
  store(setting, value);
}

}  // namespace

std::string path_from(const std::string& path, const std::filesystem::path& folder) {
  if (path.empty() || folder.empty()) return path;
  return (folder / path).lexically_normal().string();
}

void Settings::add(Setting setting) {
  const bool reserved = setting.name == kCommandKey || setting.name == kVersionKey;
  if (find(setting.name) || (reserved && setting.recorded)) {
    throw InternalError(
        "run::Settings::add",
        fmt::format(
            "the setting '{}' of '{}' is declared twice or reserved.", setting.name, command_));
  }
  settings_.push_back(std::move(setting));
}

const Setting* Settings::find(std::string_view name) const {
  const auto found = std::find_if(
      settings_.begin(), settings_.end(), [&](const Setting& s) { return s.name == name; });
  return found == settings_.end() ? nullptr : &*found;
}

void Settings::set(std::string_view name, const std::vector<std::string>& values) {
  const Setting* setting = find(name);
  if (!setting) {
    const std::string option = fmt::format("--{}", name);
    throw InvalidArgument(command_,
                          fmt::format("unknown option '{}'.{}",
                                      option,
                                      did_you_mean(option, names_with_prefix(*this, "--"))));
  }
  const Value value = value_of_text(*setting, values);
  if (const std::string found = fault(*setting, value); !found.empty()) {
    throw InvalidArgument("--" + setting->name, found);
  }
  store(*setting, value);
  if (!given(name)) given_.emplace_back(name);
}

bool Settings::given(std::string_view name) const {
  return std::find(given_.begin(), given_.end(), name) != given_.end();
}

bool Settings::chosen(std::string_view name) const {
  return given(name) || std::find(read_.begin(), read_.end(), name) != read_.end();
}

void Settings::read_toml(const std::filesystem::path& file) {
  const toml::table table = parse_file(file);
  // Whose file it is comes first: the keys of another command are no typos.
  if (const auto* command = table.get(kCommandKey)) check_command(file, *command, command_);
  std::vector<std::pair<const Setting*, Value>> found;  // stored only once the whole file is valid
  for (const auto& [key, node] : table) {
    if (key == kVersionKey || key == kCommandKey) continue;
    const Setting* setting = find(key.str());
    if (!setting) refuse_key(file, key, *this);
    found.emplace_back(setting, checked_value(file, *setting, node));
  }
  for (const auto& [setting, value] : found) {
    if (!given(setting->name)) store_from(file, *setting, value);
    read_.push_back(setting->name);
  }
}

std::string Settings::to_toml(std::string_view version) const {
  std::string text = fmt::format("{} = {}\n{} = {}\n",
                                 kCommandKey,
                                 toml_text(command_),
                                 kVersionKey,
                                 toml_text(std::string(version)));
  for (const Setting& setting : settings_) {
    if (setting.recorded) text += fmt::format("\n# {}\n{}\n", setting.help, toml_line(setting));
  }
  return text;
}

}  // namespace thalweg::run
