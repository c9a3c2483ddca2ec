#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "setting_text.hpp"
#include <fmt/format.h>

#include "thalweg/base/text.hpp"

namespace thalweg::app {
namespace {

struct CompletionOptions {
  std::string shell;
};

void add_settings(run::Settings& settings, CompletionOptions& options) {
  settings.add({.name = "shell",
                .target = &options.shell,
                .help = "the shell to write for",
                .metavar = "SHELL",
                .choices = {"bash", "zsh", "fish"}});
}

/// What a shell can offer where a value is due.
enum class ValueKind { kNone, kChoice, kFile, kFolder, kRun, kCommand };

ValueKind value_kind(const run::Setting& setting) {
  if (!setting.choices.empty()) return ValueKind::kChoice;
  const auto name = metavar(setting);
  if (name.starts_with("FILE") || name == "SOURCE") return ValueKind::kFile;
  if (name == "DIR") return ValueKind::kFolder;
  if (name == "RUN") return ValueKind::kRun;
  if (name == "COMMAND") return ValueKind::kCommand;
  return ValueKind::kNone;
}

std::string command_words() {
  std::vector<std::string> names;
  for (const auto& command : all_commands()) names.push_back(command.name);
  return join(names, " ");
}

std::string option_name(const run::Setting& setting) {
  const auto usage = usage_text(setting);
  return usage.substr(0, usage.find(' '));
}

/// `text` with a backslash before each of `specials`.
std::string escaped(std::string_view text, std::string_view specials) {
  std::string result;
  for (const char c : text) {
    if (specials.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

// ------------------------------------------------------------------ bash

std::string bash_values(const run::Setting& setting) {
  constexpr std::string_view kRuns = R"($(cd runs 2>/dev/null && compgen -d -- "$word"))";
  switch (value_kind(setting)) {
    case ValueKind::kChoice:
      if (is_list(setting)) {  // behind the last comma; what stands before it stays
        return fmt::format(
            R"($(compgen -P "${{word%"${{word##*,}}"}}" -W '{}' -- "${{word##*,}}"))",
            join(setting.choices, " "));
      }
      return fmt::format("$(compgen -W '{}' -- \"$word\")", join(setting.choices, " "));
    case ValueKind::kFile:
      return "$(compgen -f -- \"$word\")";
    case ValueKind::kFolder:
      return "$(compgen -d -- \"$word\")";
    case ValueKind::kRun:
      return std::string(kRuns);
    case ValueKind::kCommand:
      return fmt::format("$(compgen -W '{}' -- \"$word\")", command_words());
    case ValueKind::kNone:
      break;
  }
  return {};
}

std::string bash_value_cases() {
  std::string text;
  for (const auto& command : all_commands()) {
    for (const auto& setting : command.settings.all()) {
      if (is_flag(setting) || setting.name == command.operand) continue;
      text += fmt::format("    '{} --{}') COMPREPLY=({}); return ;;\n",
                          command.name,
                          setting.name,
                          bash_values(setting));
    }
  }
  return text;
}

std::string bash_option_cases() {
  std::string text;
  for (const auto& command : all_commands()) {
    std::string words = "--help";
    std::string operand;
    for (const auto& setting : command.settings.all()) {
      if (setting.name == command.operand) {
        operand = " " + bash_values(setting);
      } else {
        words += " " + option_name(setting);
      }
    }
    text += fmt::format(
        "    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\"){}) ;;\n", command.name, words, operand);
  }
  return text;
}

std::string bash_script() {
  return fmt::format(R"(# Completion of thalweg for bash: source it, or save it as
# ~/.local/share/bash-completion/completions/thalweg
_thalweg() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}"
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{} --help --version' -- "$word"))
    return
  fi
  case "${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}" in
{}  esac
  case "${{COMP_WORDS[1]}}" in
{}  esac
}}
complete -o filenames -F _thalweg thalweg
)",
                     command_words(),
                     bash_value_cases(),
                     bash_option_cases());
}

// ------------------------------------------------------------------ zsh

std::string zsh_values(const run::Setting& setting) {
  switch (value_kind(setting)) {
    case ValueKind::kChoice:
      if (is_list(setting)) {
        return fmt::format("_values -s , {} {}", metavar(setting), join(setting.choices, " "));
      }
      return "(" + join(setting.choices, " ") + ")";
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kRun:
      return "_files -W $PWD/runs -/";  // a relative folder would be looked for under every prefix
    case ValueKind::kCommand:
      return "(" + command_words() + ")";
    case ValueKind::kNone:
      break;
  }
  return " ";
}

std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : escaped(text, "[]:\\"))
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result;
}

std::string zsh_argument(const Command& command, const run::Setting& setting) {
  const auto value =
      is_flag(setting) ? "" : fmt::format(":{}:{}", metavar(setting), zsh_values(setting));
  if (setting.name == command.operand)
    return fmt::format("'{}{}'", is_list(setting) ? "*" : "1", value);
  return fmt::format("'{}{}[{}]{}'",
                     is_list(setting) ? "*" : "",
                     option_name(setting),
                     zsh_text(plain_help(setting)),
                     value);
}

std::string zsh_script() {
  std::string commands;
  std::string cases;
  for (const auto& command : all_commands()) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.summary));
    cases += fmt::format("    {}) _arguments '--help[show the help]'", command.name);
    for (const auto& setting : command.settings.all()) {
      cases += " \\\n      " + zsh_argument(command, setting);
    }
    cases += " ;;\n";
  }
  return fmt::format(R"(#compdef thalweg
# Completion of thalweg for zsh: save it as _thalweg in a folder of $fpath.
_thalweg() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
{}  esac
}}
if [[ $funcstack[1] == _thalweg ]]; then
  _thalweg "$@"  # found in $fpath, and asked for the first time
else
  compdef _thalweg thalweg
fi
)",
                     commands,
                     cases);
}

// ------------------------------------------------------------------ fish

std::string fish_values(const run::Setting& setting) {
  switch (value_kind(setting)) {
    case ValueKind::kChoice:
      if (is_list(setting)) {
        return fmt::format("-x -a '(__fish_append , {})'", join(setting.choices, " "));
      }
      return fmt::format("-x -a '{}'", join(setting.choices, " "));
    case ValueKind::kFile:
      return "-r -F";
    case ValueKind::kFolder:
      return "-x -a '(__fish_complete_directories)'";
    case ValueKind::kRun:
      return "-x -a '(path basename runs/*/ 2>/dev/null)'";
    case ValueKind::kCommand:
      return fmt::format("-x -a '{}'", command_words());
    case ValueKind::kNone:
      break;
  }
  return "-x";
}

std::string fish_line(const Command& command, const run::Setting& setting) {
  const auto values = is_flag(setting) ? "" : " " + fish_values(setting);
  const auto option = setting.name == command.operand
                          ? ""
                          : " -l " + option_name(setting).substr(std::string("--").size());
  return fmt::format("complete -c thalweg -n '__fish_seen_subcommand_from {}'{}{} -d '{}'\n",
                     command.name,
                     option,
                     values,
                     escaped(plain_help(setting), "'\\"));
}

std::string fish_script() {
  std::string text =
      "# Completion of thalweg for fish: save it as ~/.config/fish/completions/thalweg.fish\n"
      "complete -c thalweg -f\n";
  for (const auto& command : all_commands()) {
    text += fmt::format("complete -c thalweg -n __fish_use_subcommand -a {} -d '{}'\n",
                        command.name,
                        escaped(command.summary, "'\\"));
    for (const auto& setting : command.settings.all()) text += fish_line(command, setting);
  }
  return text;
}

int run_completion(const CompletionOptions& options, const run::Settings&) {
  const auto script = options.shell == "bash"  ? bash_script()
                      : options.shell == "zsh" ? zsh_script()
                                               : fish_script();
  fmt::print("{}", script);
  return 0;
}

}  // namespace

Command completion_command() {
  Command command{.name = "completion",
                  .group = "About",
                  .summary = "Print a script that completes commands in a shell",
                  .description =
                      "Prints a script for bash, zsh or fish that completes commands, options, "
                      "choices, files and runs.",
                  .example = "source <(thalweg completion bash)",
                  .operand = "shell",
                  .settings = run::Settings("completion")};
  bind_options<CompletionOptions>(command, run_completion);
  return command;
}

}  // namespace thalweg::app
