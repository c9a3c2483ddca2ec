// `thalweg-index`: the commands about index models, which need a BLAS and no libtorch. People start
// it as `thalweg COMMAND`.

#include "exponent_options.hpp"
#include "guard.hpp"
#include "recover_options.hpp"
#include "tensorpca_options.hpp"
#include "worker_program.hpp"

int main(int argc, char** argv) {
  using namespace thalweg::app;
  return guarded([&] {
    return run_worker("thalweg-index",
                      {exponent_command(run_exponent),
                       recover_command(run_recover),
                       tensorpca_command(run_tensorpca)},
                      {argv + 1, argv + argc});
  });
}
