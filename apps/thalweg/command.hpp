#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// One word after `thalweg`: what it takes, what its help says and what it does. The command line,
/// --help, the man page and the shell completions are all made from this.
struct Command {
  std::string name;
  std::string group;                      ///< heading in the list of commands
  std::string summary;                    ///< one line, imperative
  std::string description;                ///< a paragraph of --help
  std::string example;                    ///< one real command line
  std::vector<std::string> sources = {};  ///< what was published about it
  std::string operand = {};  ///< the setting given by place rather than as --name, like RUN of
                             ///< `export RUN`; a list takes all words that are no options
  bool operand_optional = false;
  std::string program = {};  ///< that does the work, where it is another: "thalweg-torch"
  run::Settings settings;
  /// Whether the settings make sense together. @throws InvalidArgument, BadInput
  std::function<void(const run::Settings&)> check = {};
  /// Returns the exit code. Empty in the front program for what another does.
  std::function<int(const run::Settings&)> run = {};
};

/// What does the work of a command, given its options and the settings they came from.
template <typename Options>
using RunFunction = int (*)(const Options&, const run::Settings&);

/// Gives a command its options: `add_settings(settings, options)` names them, `check(options,
/// settings)`, where there is one, looks at all of them together. The options live as long as the
/// command.
template <typename Options>
void bind_options(Command& command, RunFunction<Options> run) {
  auto options = std::make_shared<Options>();
  add_settings(command.settings, *options);
  command.check = [options](const run::Settings& settings) {
    if constexpr (requires { check(*options, settings); }) check(*options, settings);
  };
  if (run) {
    command.run = [options, run](const run::Settings& settings) { return run(*options, settings); };
  }
}

}  // namespace thalweg::app
