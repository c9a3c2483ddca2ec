#include "commands.hpp"

#include "exponent_options.hpp"
#include "flow_options.hpp"
#include "recover_options.hpp"
#include "spectrum_options.hpp"
#include "tensorpca_options.hpp"

namespace thalweg::app {

std::vector<Command> all_commands() {
  return {flow_command(),
          spectrum_command(),
          exponent_command(),
          recover_command(),
          tensorpca_command(),
          list_command(),
          show_command(),
          open_command(),
          report_command(),
          compare_command(),
          export_command(),
          remove_command(),
          help_command(),
          version_command(),
          man_command(),
          completion_command()};
}

}  // namespace thalweg::app
