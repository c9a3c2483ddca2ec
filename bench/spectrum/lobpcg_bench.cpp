// What one LOBPCG iteration costs beside the products with the operator, and the time that moving
// its bytes would take at the bandwidth of a plain copy (`floor_ms`).

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "thalweg/base/random.hpp"
#include "thalweg/spectrum/lobpcg.hpp"

namespace {

using thalweg::Key;
using thalweg::spectrum::lobpcg;

at::Tensor random_block(std::int64_t n, std::int64_t k, Key key) {
  at::Tensor rows = at::empty({k, n}, at::kDouble);
  thalweg::fill_normal(std::span(rows.data_ptr<double>(), static_cast<std::size_t>(n * k)), key);
  return rows.to(at::kFloat).t();
}

/// Bytes per second of a copy larger than the cache, reads and writes counted.
double measured_bandwidth() {
  const at::Tensor source = at::ones({std::int64_t{1} << 26}, at::kFloat);
  at::Tensor target = at::empty_like(source);
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    target.copy_(source);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best, 2.0 * static_cast<double>(source.nbytes()) / seconds.count());
  }
  return best;
}

// A diagonal operator, whose own time is taken out. With tolerance 0 no pair converges, so that
// every iteration does the work of k active columns; the Rayleigh-Ritz step at the entry is spread
// over them.
void lobpcg_iteration(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const std::int64_t k = state.range(1);
  constexpr int kIterations = 5;
  const at::Tensor scale = random_block(n, 1, Key{1}).abs().add_(0.1);
  double operator_seconds = 0;
  const auto diagonal = [&](const at::Tensor& v) {
    const auto begin = std::chrono::steady_clock::now();
    at::Tensor image = (v.t() * scale.t()).t();
    operator_seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return image;
  };
  const at::Tensor x0 = lobpcg(diagonal, random_block(n, k, Key{2}), {.max_iterations = 0}).vectors;
  for (auto _ : state) {
    operator_seconds = 0;
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(
        lobpcg(diagonal, x0, {.tolerance = 0, .max_iterations = kIterations}).values);
    const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime((whole.count() - operator_seconds) / kIterations);
  }
  // Rows of n: R is written from X and AX and its norms read (4k); inner products and combination
  // of [X, P, R] to make R orthonormal (7k); inner products of [X, P, R] with their images (6k);
  // combination of both into X, P and their images (10k).
  const double rows = 27.0 * static_cast<double>(k);
  const double bytes = rows * static_cast<double>(n) * sizeof(float);
  static const double bandwidth = measured_bandwidth();
  state.counters["floor_ms"] = 1e3 * bytes / bandwidth;
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<double>(state.iterations()) * bytes));
}

BENCHMARK(lobpcg_iteration)
    ->ArgNames({"n", "k"})
    ->ArgsProduct({{10'000, 267'000, 1'000'000}, {1, 2, 4, 6}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
