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
enum class ValueKind { kNone, kChoice, kChoiceOrFile, kFile, kFolder, kRun, kCommand };

ValueKind value_kind(const run::Setting& setting) {
  if (!setting.choices.empty()) return ValueKind::kChoice;
  if (!setting.suggestions.empty()) return ValueKind::kChoiceOrFile;
  const auto name = metavar(setting);
  if (name.starts_with("FILE")) return ValueKind::kFile;
  if (name == "DIR") return ValueKind::kFolder;
  if (name == "RUN" || name == "PATTERN") return ValueKind::kRun;
  if (name == "COMMAND") return ValueKind::kCommand;
  return ValueKind::kNone;
}

std::string command_words() {
  std::vector<std::string> names;
  for (const auto& command : all_commands()) names.push_back(command.name);
  return join(names, " ");
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
  constexpr std::string_view kRuns = R"($(cd "$runs" 2>/dev/null && compgen -d -- "$word"))";
  switch (value_kind(setting)) {
    case ValueKind::kChoice:
      if (is_list(setting)) {  // behind the last comma; what stands before it stays
        return fmt::format(
            R"($(compgen -P "${{word%"${{word##*,}}"}}" -W '{}' -- "${{word##*,}}"))",
            join(setting.choices, " "));
      }
      return fmt::format("$(compgen -W '{}' -- \"$word\")", join(setting.choices, " "));
    case ValueKind::kChoiceOrFile:
      return fmt::format("$(compgen -W '{}' -f -- \"$word\")", join(setting.suggestions, " "));
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
      std::string pattern = fmt::format("'{} --{}'", command.name, setting.name);
      for (const auto& alias : setting.aliases)
        pattern += fmt::format(" | '{} {}'", command.name, alias);
      text += fmt::format("    {}) COMPREPLY=({}); return ;;\n", pattern, bash_values(setting));
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
        words += " " + option_text(setting);
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
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" i
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{} --help --version' -- "$word"))
    return
  fi
  # The shell takes --option=value for three words.
  if [[ $word == = ]]; then
    word=""
  elif [[ $before == = ]]; then
    before="${{COMP_WORDS[COMP_CWORD-2]}}"
  fi
  local runs="${{THALWEG_RUNS:-runs}}"
  for ((i = 2; i + 1 < COMP_CWORD; ++i)); do
    [[ ${{COMP_WORDS[i]}} == -o || ${{COMP_WORDS[i]}} == --out ]] || continue
    runs="${{COMP_WORDS[i+1]}}"
    [[ $runs == = ]] && runs="${{COMP_WORDS[i+2]}}"
  done
  case "${{COMP_WORDS[1]}} $before" in
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
    case ValueKind::kChoiceOrFile:
      // The blank keeps _arguments from putting options before the words.
      return " _thalweg_words_or_files " + escaped(join(setting.suggestions, " "), ":");
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kRun:
      return "_files -W $runs -/";
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
  auto spellings = setting.aliases;
  spellings.insert(spellings.begin(), option_text(setting));
  const auto excluded =
      spellings.size() > 1 ? fmt::format("({})", join(spellings, " ")) : std::string();
  std::vector<std::string> specs;
  for (const auto& spelling : spellings) {
    specs.push_back(fmt::format("'{}{}[{}]{}'",
                                is_list(setting) ? "*" : excluded,
                                spelling,
                                zsh_text(plain_help(setting)),
                                value));
  }
  return join(specs, " ");
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
_thalweg_words_or_files() {{
  compadd -- "$@"
  _files
}}
_thalweg() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2] runs=${{THALWEG_RUNS:-runs}}
  integer at=${{words[(I)(-o|--out)]}}
  ((at)) && runs=$words[at+1]
  [[ $runs == /* ]] || runs=$PWD/$runs  # a relative folder would be looked for under every prefix
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
    case ValueKind::kChoiceOrFile:
      return fmt::format("-r -F -a '{}'", join(setting.suggestions, " "));
    case ValueKind::kFile:
      return "-r -F";
    case ValueKind::kFolder:
      return "-x -a '(__fish_complete_directories)'";
    case ValueKind::kRun:
      return "-x -a '(__thalweg_runs)'";
    case ValueKind::kCommand:
      return fmt::format("-x -a '{}'", command_words());
    case ValueKind::kNone:
      break;
  }
  return "-x";
}

std::string fish_line(const Command& command, const run::Setting& setting) {
  const auto values = is_flag(setting) ? "" : " " + fish_values(setting);
  std::string option;
  if (setting.name != command.operand) {
    option = " -l " + option_text(setting).substr(std::string("--").size());
    for (const auto& alias : setting.aliases)
      option += alias.starts_with("--") ? " -l " + alias.substr(2) : " -s " + alias.substr(1);
  }
  return fmt::format("complete -c thalweg -n '__fish_seen_subcommand_from {}'{}{} -d '{}'\n",
                     command.name,
                     option,
                     values,
                     escaped(plain_help(setting), "'\\"));
}

std::string fish_script() {
  std::string text =
      R"(# Completion of thalweg for fish: save it as ~/.config/fish/completions/thalweg.fish
function __thalweg_runs
  set -l runs runs
  set -q THALWEG_RUNS; and set runs $THALWEG_RUNS
  set -l words (commandline -opc)
  for i in (seq (count $words))
    contains -- $words[$i] -o --out; and set -q words[(math $i + 1)]; and set runs $words[(math $i + 1)]
  end
  set -l folders $runs/*/
  path basename $folders
end
complete -c thalweg -f
)";
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
