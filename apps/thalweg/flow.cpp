#include "flow_options.hpp"

#include "thalweg/base/error.hpp"

namespace thalweg::app {

int run_flow(const FlowOptions&, const run::Settings&) {
  throw InternalError("flow", "the command is not written yet.");
}

}  // namespace thalweg::app
