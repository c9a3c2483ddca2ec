#include "command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <variant>

#include "help.hpp"
#include "resume.hpp"
#include "setting_text.hpp"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::app {
namespace {

constexpr int kMostWords = 1 << 20;

std::string place(const Command& command) { return "thalweg " + command.name; }

/// All spellings of an option, as CLI11 takes them.
std::string spellings(const run::Setting& setting) {
  auto names = setting.aliases;
  names.push_back("--" + setting.name);
  return join(names, ",");
}

CLI::Option* add_flag(CLI::App& parser, const run::Setting& setting) {
  return parser.add_flag(fmt::format("{},!--no-{}", spellings(setting), setting.name));
}

CLI::Option* add_value(CLI::App& parser, const std::string& name, bool list) {
  // The text is fetched from the option after parsing; checking it is the affair of run::Settings.
  auto* option = parser.add_option(name, [](const CLI::results_t&) { return true; });
  option->allow_extra_args(false);
  option->multi_option_policy(list ? CLI::MultiOptionPolicy::TakeAll
                                   : CLI::MultiOptionPolicy::TakeLast);
  return option;
}

CLI::Option* add_setting(CLI::App& parser, const Command& command, const run::Setting& setting) {
  if (is_flag(setting)) return add_flag(parser, setting)->take_last();
  const bool by_place = setting.name == command.operand;
  auto* option = add_value(parser, by_place ? setting.name : spellings(setting), is_list(setting));
  if (by_place && is_list(setting)) option->expected(1, kMostWords)->allow_extra_args();
  return option;
}

[[noreturn]] void refuse_word(const Command& command, const std::string& word) {
  if (!word.starts_with("-")) {
    throw InvalidArgument(place(command), "does not know what to do with '" + word + "'.");
  }
  std::vector<std::string> known = {"--help"};
  for (const auto& setting : command.settings.all()) {
    if (setting.name == command.operand) continue;
    known.push_back("--" + setting.name);
    known.insert(known.end(), setting.aliases.begin(), setting.aliases.end());
  }
  const auto name = word.substr(0, word.find('='));
  throw InvalidArgument(place(command),
                        fmt::format("has no option {}.{}", name, did_you_mean(name, known)));
}

/// Items of a list of choices may be written with commas between them. Elsewhere a comma is part of
/// the value, as in --model-option widths=64,64.
std::vector<std::string> list_items(const run::Setting& setting,
                                    const std::vector<std::string>& values) {
  return setting.choices.empty() ? values : comma_items(values);
}

[[noreturn]] void refuse_empty_value(const std::string& option) {
  throw InvalidArgument(option, "needs a value; got an empty one.");
}

/// How the command line names a setting.
std::string spelling(const Command& command, const run::Setting& setting) {
  return setting.name == command.operand ? metavar(setting) : "--" + setting.name;
}

std::vector<std::string> given_values(const Command& command,
                                      const run::Setting& setting,
                                      const CLI::Option& option) {
  const auto& values = option.results();
  if (std::ranges::count(values, "") > 0) refuse_empty_value(spelling(command, setting));
  if (is_list(setting)) return list_items(setting, values);
  return {values.back()};
}

/// Words in which every option and its value stand apart where '=' joins them: CLI11 would take the
/// next word for a value that is empty, and the '=' after a short option for a part of its value.
std::vector<std::string> separated(const CLI::App& parser, std::span<const std::string> arguments) {
  std::vector<std::string> words;
  for (const auto& word : arguments) {
    const auto equals = word.find('=');
    const auto* option = word.starts_with('-') && equals != std::string::npos
                             ? parser.get_option_no_throw(word.substr(0, equals))
                             : nullptr;
    if (option == nullptr) {
      words.push_back(word);
      continue;
    }
    const auto name = word.substr(0, equals);
    if (equals + 1 == word.size()) refuse_empty_value(name);
    if (option->get_expected_min() > 0) {
      words.push_back(name);
      words.push_back(word.substr(equals + 1));
      continue;
    }
    // --quiet=true is a choice; -q=true and --no-quiet=true are not.
    if (!name.starts_with("--") || name.starts_with("--no-"))
      throw InvalidArgument(name, "takes no value.");
    words.push_back(word);
  }
  return words;
}

void parse_words(CLI::App& parser, const Command& command, std::span<const std::string> arguments) {
  auto reversed = separated(parser, arguments);
  std::ranges::reverse(reversed);  // as CLI11 takes them
  try {
    parser.parse(reversed);
  } catch (const CLI::ArgumentMismatch&) {
    // An option takes the next word whatever it is, so that only the last one can lack its value.
    throw InvalidArgument(place(command), arguments.back() + " needs a value.");
  } catch (const CLI::CallForHelp&) {
    throw;
  } catch (const CLI::ParseError& error) {
    throw InvalidArgument(place(command), std::string(error.what()) + ".");
  }
  if (const auto unknown = parser.remaining(); !unknown.empty())
    refuse_word(command, unknown.front());
}

void require_operand(const Command& command, const CommandLine& line) {
  if (command.operand.empty() || command.operand_optional) return;
  if (line.given.contains(command.operand)) return;
  throw InvalidArgument(place(command),
                        fmt::format("needs a {}: 'thalweg {} {}'.",
                                    metavar(*command.settings.find(command.operand)),
                                    command.name,
                                    operand_text(command)));
}

/// These two say where settings come from, so a file of settings cannot hold them.
void read_config(const std::string& file, run::Settings& settings) {
  settings.read_toml(file);
  for (const auto* name : {"config", "resume"}) {
    const auto& value = *std::get<std::string*>(settings.find(name)->target);
    if (value.empty() || settings.given(name)) continue;
    throw BadInput(file, fmt::format("'{0}' belongs on the command line: --{0} {1}.", name, value));
  }
}

}  // namespace

CommandLine parse_command_line(const Command& command, std::span<const std::string> arguments) {
  CLI::App parser;
  parser.set_help_flag("-h,--help");
  parser.allow_extras();
  std::vector<std::pair<const run::Setting*, CLI::Option*>> options;
  for (const auto& setting : command.settings.all()) {
    options.emplace_back(&setting, add_setting(parser, command, setting));
  }

  CommandLine line;
  try {
    parse_words(parser, command, arguments);
  } catch (const CLI::CallForHelp&) {
    line.help = true;
    return line;
  }
  for (const auto& [setting, option] : options) {
    if (option->count() > 0) line.given[setting->name] = given_values(command, *setting, *option);
  }
  require_operand(command, line);
  return line;
}

void apply_command_line(const CommandLine& line, run::Settings& settings) {
  if (line.given.contains("resume")) {
    apply_resume(line.given, settings);
    return;
  }
  for (const auto& [name, values] : line.given) settings.set(name, values);
  if (const auto config = line.given.find("config"); config != line.given.end()) {
    read_config(config->second.back(), settings);
  }
}

int run_command(Command& command, std::span<const std::string> arguments) {
  const auto line = parse_command_line(command, arguments);
  if (line.help) {
    fmt::print("{}", help_text(command));
    return static_cast<int>(ExitCode::kDone);
  }
  apply_command_line(line, command.settings);
  command.check(command.settings);
  return command.run(command.settings);
}

Command& find_command(std::span<Command> commands, const std::string& name) {
  const auto found = std::ranges::find(commands, name, &Command::name);
  if (found != commands.end()) return *found;
  std::vector<std::string> names;
  for (const auto& command : commands) names.push_back(command.name);
  throw InvalidArgument(
      "thalweg",
      fmt::format(
          "has no command '{}'.{} 'thalweg' alone lists them.", name, did_you_mean(name, names)));
}

}  // namespace thalweg::app
