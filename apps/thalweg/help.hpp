#pragma once

#include <span>
#include <string>

#include "command.hpp"

namespace thalweg::app {

/// What `thalweg` alone prints: the commands by group, one line each.
std::string overview_text(std::span<const Command> commands);

/// What `thalweg COMMAND --help` prints.
std::string help_text(const Command& command);

/// The word for a command's operand in a usage line, "RUN"; "" where it has none.
std::string operand_text(const Command& command);

}  // namespace thalweg::app
