#include <string>
#include <string_view>

#include "commands.hpp"
#include "help.hpp"
#include "setting_text.hpp"
#include "version.hpp"
#include <fmt/format.h>

namespace thalweg::app {
namespace {

struct ManOptions {};

void add_settings(run::Settings&, ManOptions&) {}

/// Text as roff takes it: no minus turned into a hyphen, no line that looks like a request.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result.starts_with('.') || result.starts_with('\'') ? "\\&" + result : result;
}

std::string setting_entry(const Command& command, const run::Setting& setting) {
  const bool by_place = setting.name == command.operand;
  return fmt::format(".TP\n.B {}\n{}\n",
                     escaped(by_place ? operand_text(command) : usage_text(setting)),
                     escaped(full_help(setting)));
}

std::string command_section(const Command& command) {
  const auto operand = operand_text(command);
  std::string text = fmt::format(".SS thalweg {}{}\n{}.\n.PP\n{}\n",
                                 command.name,
                                 operand.empty() ? "" : " " + operand,
                                 escaped(command.summary),
                                 escaped(command.description));
  for (const auto& setting : command.settings.all()) text += setting_entry(command, setting);
  text += fmt::format(".PP\nExample:\n.PP\n.RS\n.EX\n{}\n.EE\n.RE\n", escaped(command.example));
  for (const auto& source : command.sources)
    text += fmt::format(".PP\nSource: {}\n", escaped(source));
  return text;
}

constexpr std::string_view kEnding = R"(.SH FILES
.TP
.B runs/NAME/
A run: config.toml (enough to run it again), metrics.h5 (its series), summary.json, checkpoints/, log.txt and report.html
(opens offline).
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
the run failed, by divergence for example
.TP
.B 2
wrong use or bad input
.TP
.B 130
interrupted and saved
)";

std::string man_page() {
  std::string text = fmt::format(
      ".TH THALWEG 1 \"\" \"Thalweg {}\" \"User Commands\"\n"
      ".SH NAME\nthalweg \\- where is an optimizer going, and why\n"
      ".SH SYNOPSIS\n.B thalweg\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\nRuns an optimizer on your own model and data beside the flows that predict "
      "it, and says with "
      "numbers and pictures how well the theory foretells what happens.\n"
      ".SH COMMANDS\n",
      version());
  for (const auto& command : all_commands()) text += command_section(command);
  return text + std::string(kEnding);
}

int run_man(const ManOptions&, const run::Settings&) {
  fmt::print("{}", man_page());
  return 0;
}

}  // namespace

Command man_command() {
  Command command{.name = "man",
                  .group = "About",
                  .summary = "Print the man page",
                  .description = "Prints the man page of Thalweg, in the form that man reads.",
                  .example = "thalweg man | man -l -",
                  .settings = run::Settings("man")};
  bind_options<ManOptions>(command, run_man);
  return command;
}

}  // namespace thalweg::app
