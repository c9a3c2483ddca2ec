// The main of benchmarks that know no libtorch.

#include "run_benchmarks.hpp"

#include "thalweg/base/system.hpp"

int main(int argc, char** argv) {
  return run_benchmarks(argc, argv, [](int threads) { thalweg::set_blas_threads(threads); });
}
