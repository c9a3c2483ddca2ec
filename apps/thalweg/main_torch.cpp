// `thalweg-torch`: the commands that need libtorch. People start it as `thalweg COMMAND`.

#include "flow_options.hpp"
#include "guard.hpp"
#include "spectrum_options.hpp"
#include "worker_program.hpp"

int main(int argc, char** argv) {
  using namespace thalweg::app;
  return guarded([&] {
    return run_worker("thalweg-torch",
                      {flow_command(run_flow), spectrum_command(run_spectrum)},
                      {argv + 1, argv + argc});
  });
}
