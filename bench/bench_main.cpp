// The main of every benchmark: starts itself again under the environment that `thalweg` gives its
// programs, because OpenBLAS and OpenMP read it when they load, and sets the threads of both
// (THALWEG_THREADS, default: all).

#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include "thalweg/base/system.hpp"
#include "thalweg/nn/device.hpp"

int main(int argc, char** argv) {
  if (std::getenv("THALWEG_BENCH_ENVIRONMENT") == nullptr) {
    thalweg::set_math_environment();
    setenv("THALWEG_BENCH_ENVIRONMENT", "1", 1);
    execv("/proc/self/exe", argv);
  }
  const char* threads = std::getenv("THALWEG_THREADS");
  const int count = threads != nullptr ? std::stoi(threads) : thalweg::available_processors();
  thalweg::nn::use_threads(count);
  benchmark::AddCustomContext("threads", fmt::format("{}", count));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
