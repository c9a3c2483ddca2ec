// Spectral U-statistics beside their floors: for orders 1 and 2 the bare symmetric products that
// they are made of (`floor_ms`, `times_floor`), for orders 3 and 4 the matrix-multiplication peak
// (`peak_share`, of 2 n^2 d flops).

#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "hermite/products.hpp"
#include "thalweg/hermite/u_statistic.hpp"

namespace {

using thalweg::Key;
using thalweg::Matrix;
using namespace thalweg::bench;
namespace hermite = thalweg::hermite;

void orders_1_and_2(benchmark::State& state) {
  const auto k = static_cast<int>(state.range(0));
  const std::int64_t n = state.range(1), d = state.range(2);
  const Matrix x = normal_matrix(n, d, Key{3});
  std::vector<int> classes(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<int>(i % 10);
  double seconds = 1e300;
  for (auto _ : state)
    seconds = std::min(seconds, seconds_of([&] {
                         benchmark::DoNotOptimize(hermite::u_statistic_of_classes(k, x, classes));
                       }));
  // Order 1: the terms i = j, X^T W X. Order 2: those, X^T X class by class, and a square of a
  // (d, d) matrix for every class.
  double floor = symmetric_product_seconds(x);
  if (k == 2) floor = 2 * floor + 10 * symmetric_product_seconds(normal_matrix(d, d, Key{9}));
  state.counters["ms"] = 1e3 * seconds;
  state.counters["floor_ms"] = 1e3 * floor;
  state.counters["times_floor"] = seconds / floor;
}
BENCHMARK(orders_1_and_2)
    ->ArgNames({"order", "n", "d"})
    ->Args({1, 20000, 100})
    ->Args({2, 20000, 100})
    ->Args({1, 20000, 300})
    ->Args({2, 20000, 300})
    ->Args({2, 10000, 1000})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void orders_3_and_4(benchmark::State& state) {
  const auto k = static_cast<int>(state.range(0));
  const std::int64_t n = state.range(1), d = state.range(2), m = state.range(3);
  const Matrix x = normal_matrix(n, d, Key{4}), psi = normal_matrix(n, m, Key{5});
  double seconds = 1e300;
  for (auto _ : state)
    seconds = std::min(seconds, seconds_of([&] {
                         benchmark::DoNotOptimize(hermite::u_statistic_by_pairs(k, x, psi));
                       }));
  const double flops = 2.0 * static_cast<double>(n * n * d);
  state.counters["ms"] = 1e3 * seconds;
  state.counters["gflops"] = flops / seconds / 1e9;
  state.counters["peak_share"] = flops / seconds / product_flops();
}
BENCHMARK(orders_3_and_4)
    ->ArgNames({"order", "n", "d", "features"})
    ->Args({3, 6000, 48, 1})
    ->Args({3, 6000, 100, 1})
    ->Args({3, 6000, 100, 10})
    ->Args({3, 6000, 300, 1})
    ->Args({4, 6000, 100, 1})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
