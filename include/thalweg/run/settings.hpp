#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace thalweg::run {

/// Where a setting's value lives: a field of a command's options struct, whose initial value is the
/// default.
using SettingTarget = std::variant<bool*,
                                   std::int64_t*,
                                   double*,
                                   std::string*,
                                   std::vector<std::string>*,
                                   std::optional<double>*,
                                   std::optional<std::int64_t>*>;

/// One setting of a command: an option on the command line, a key of the configuration file and a
/// line of the resolved configuration, all under the same name.
struct Setting {
  std::string name;  ///< without dashes: "learning-rate"
  SettingTarget target;
  std::string help;          ///< one line, with the unit
  std::string metavar = {};  ///< "R", "FILE"; derived from the type where empty
  std::vector<std::string> choices =
      {};  ///< the only values allowed, where not empty (each item, for lists)
  std::optional<double> minimum = {};  ///< inclusive, for numbers
  std::optional<double> maximum = {};
  /// Other spellings on the command line, with their dashes: {"-o"}, {"--lr"}.
  std::vector<std::string> aliases = {};
  /// Values that a shell may complete where others are allowed too.
  std::vector<std::string> suggestions = {};
  /// Of a text that names a file: the name seen from here of one that was written relative to
  /// `folder`. Null for what is no file.
  std::string (*located)(const std::string& value, const std::filesystem::path& folder) = nullptr;
  bool recorded = true;  ///< part of config.toml (false: only about this invocation, as --quiet)
  std::string group = "Options";  ///< heading in --help
};

/// Setting::located of a plain path: an absolute or empty one stays as it is.
std::string path_from(const std::string& path, const std::filesystem::path& folder);

/// The settings of one command, in the order of its help. Checks names, types, ranges and choices.
class Settings {
 public:
  explicit Settings(std::string command) : command_(std::move(command)) {}
  void add(Setting setting);
  const std::vector<Setting>& all() const { return settings_; }
  const std::string& command() const { return command_; }
  const Setting* find(std::string_view name) const;

  /// Sets one value from text (for a list: replaces it by `values`); remembers that it was given.
  /// @throws InvalidArgument  unknown name (with the nearest known), wrong type, out of range, not
  /// a choice
  void set(std::string_view name, const std::vector<std::string>& values);
  bool given(std::string_view name) const;
  /// Given or read from a file: not a default.
  bool chosen(std::string_view name) const;

  /// Reads a TOML file. Keys are setting names at the top level; `command` (if there) must be this
  /// command, and the key `thalweg` (a version) is accepted. Values already given are kept: the
  /// command line wins. Relative names of files are relative to the folder of the TOML file.
  /// @throws BadInput  "FILE:LINE:COLUMN" for syntax errors, unknown keys, wrong types and bad
  /// values
  void read_toml(const std::filesystem::path& file);

  /// Every recorded setting with its present value, doubles with round-trip digits, names of files
  /// absolute, each with its help as a comment.
  std::string to_toml(std::string_view version) const;

 private:
  std::string command_;
  std::vector<Setting> settings_;
  std::vector<std::string> given_, read_;  // names set by set(), and by read_toml()
};

}  // namespace thalweg::run
