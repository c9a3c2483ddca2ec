#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "command.hpp"

namespace thalweg::app {

/// What the user typed behind a command: the values of settings, as text.
struct CommandLine {
  bool help = false;
  std::map<std::string, std::vector<std::string>> given;
};

/// Sorts the words behind `thalweg COMMAND` by the settings they belong to.
/// @throws InvalidArgument  unknown options (with the nearest known), missing values, words too
/// many
CommandLine parse_command_line(const Command& command, std::span<const std::string> arguments);

/// Sets what was given, then what the file of --config says where the command line is silent; or,
/// with
/// --resume, what the run to go on with says.
/// @throws InvalidArgument, BadInput
void apply_command_line(const CommandLine& line, run::Settings& settings);

/// The whole way of one command: parse, apply, check, run. Returns the exit code.
int run_command(Command& command, std::span<const std::string> arguments);

/// The command of this name. @throws InvalidArgument  with the nearest name
Command& find_command(std::span<Command> commands, const std::string& name);

}  // namespace thalweg::app
