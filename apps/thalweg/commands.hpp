#pragma once

#include <vector>

#include "command.hpp"

namespace thalweg::app {

/// Everything `thalweg` knows, in the order of its overview. Commands of the other programs are
/// there without `run`.
std::vector<Command> all_commands();

Command list_command();
Command show_command();
Command open_command();
Command report_command();
Command compare_command();
Command export_command();
Command remove_command();
Command completion_command();
Command man_command();
Command version_command();
Command help_command();

}  // namespace thalweg::app
