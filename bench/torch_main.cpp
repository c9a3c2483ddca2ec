// The main of benchmarks that stand on libtorch, which has threads of its own.

#include "run_benchmarks.hpp"

#include "thalweg/nn/device.hpp"

int main(int argc, char** argv) { return run_benchmarks(argc, argv, thalweg::nn::use_threads); }
