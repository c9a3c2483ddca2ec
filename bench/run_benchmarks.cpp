#include "run_benchmarks.hpp"

#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include "thalweg/base/system.hpp"

int run_benchmarks(int argc, char** argv, const std::function<void(int)>& use_threads) {
  if (std::getenv("THALWEG_BENCH_ENVIRONMENT") == nullptr) {
    thalweg::set_math_environment();
    setenv("THALWEG_BENCH_ENVIRONMENT", "1", 1);
    execv("/proc/self/exe", argv);
  }
  const char* threads = std::getenv("THALWEG_THREADS");
  const int count = threads != nullptr ? std::stoi(threads) : thalweg::available_processors();
  use_threads(count);
  benchmark::AddCustomContext("threads", fmt::format("{}", count));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
