// Normal numbers a second on one thread, beside the floor: the vector instructions of the kernel,
// at the rate at which this processor does them in a float32 matrix product. `over_floor` is time
// over floor; the other rows are what one would take instead.

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "thalweg/base/gaussian.hpp"
#include "thalweg/base/system.hpp"

namespace {

using thalweg::Key;

/// Processor time, which other programs on the machine do not lengthen as they do the wall's.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Multiply-adds of single floats a second in a matrix product.
double multiply_add_rate() {
  constexpr int n = 512;
  const std::vector<float> a(n * n, 1.0F), b(n * n, 0.5F);
  std::vector<float> c(n * n);
  double best = 0;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const double begin = cpu_seconds();
    cblas_sgemm(CblasRowMajor,
                CblasNoTrans,
                CblasNoTrans,
                n,
                n,
                n,
                1,
                a.data(),
                n,
                b.data(),
                n,
                0,
                c.data(),
                n);
    best = std::max(best, double{n} * n * n / (cpu_seconds() - begin));
  }
  return best;
}

/// Lane operations a number. Philox: 10 rounds of 2 products, 2 shifts and 2 exclusive-ors on a
/// block of four numbers in 64-bit lanes, two float lanes each: 30. Box-Muller: about 56 for two
/// numbers, the square root apart.
constexpr double kOperations = 30 + 28;

template <typename T>
void fill_gaussian(benchmark::State& state) {
  thalweg::set_blas_threads(1);
  std::vector<T> out(static_cast<std::size_t>(state.range(0)));
  std::uint64_t first = 0;
  const double begin = cpu_seconds();
  for (auto _ : state) {
    thalweg::fill_gaussian(std::span(out), Key{1}, first);
    first += out.size();
    benchmark::DoNotOptimize(out.data());
  }
  const double seconds = cpu_seconds() - begin;
  static const double rate = multiply_add_rate();
  state.counters["over_floor"] = seconds / (static_cast<double>(first) * kOperations / rate);
  state.SetItemsProcessed(static_cast<std::int64_t>(first));
}

void fill_normal(benchmark::State& state) {
  std::vector<float> out(4096);
  std::uint64_t first = 0;
  for (auto _ : state) {
    thalweg::fill_normal(std::span(out), Key{1}, first);
    first += out.size();
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(first));
}

void standard_library(benchmark::State& state) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  for (auto _ : state) benchmark::DoNotOptimize(normal(generator));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(fill_gaussian<float>)->Arg(100)->Arg(1000)->Arg(1 << 14);
BENCHMARK(fill_gaussian<double>)->Arg(100)->Arg(1000)->Arg(1 << 14);
BENCHMARK(fill_normal);
BENCHMARK(standard_library);

}  // namespace
