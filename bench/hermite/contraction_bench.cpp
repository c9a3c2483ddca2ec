// Contractions of Hermite tensors beside their floors: reading the rows once for vectors, one bare
// symmetric product for matrices (`times_floor`).

#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "hermite/products.hpp"
#include "thalweg/hermite/contraction.hpp"

namespace {

using thalweg::Key;
using thalweg::Matrix;
using thalweg::Vector;
using namespace thalweg::bench;
namespace hermite = thalweg::hermite;

template <typename Contraction>
void contraction(benchmark::State& state, Contraction contract, bool matrix) {
  const std::int64_t n = state.range(0), d = state.range(1);
  const Matrix x = normal_matrix(n, d, Key{6});
  std::vector<double> t(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < t.size(); ++i) t[i] = i % 2 == 0 ? 1 : -1;
  const Vector v = normal_matrix(d, 1, Key{7}).normalized();
  double seconds = 1e300;
  for (auto _ : state)
    seconds = std::min(seconds, seconds_of([&] { benchmark::DoNotOptimize(contract(x, t, v)); }));
  const double floor =
      matrix ? symmetric_product_seconds(x) : 8.0 * static_cast<double>(n * d) / read_bandwidth(x);
  state.counters["ms"] = 1e3 * seconds;
  state.counters["floor_ms"] = 1e3 * floor;
  state.counters["times_floor"] = seconds / floor;
}

void partial_trace_order_3(benchmark::State& state) {
  contraction(
      state,
      [](const Matrix& x, const auto& t, const Vector&) {
        return hermite::partial_trace_vector(3, x, t);
      },
      false);
}
void power_step_order_3(benchmark::State& state) {
  contraction(
      state,
      [](const Matrix& x, const auto& t, const Vector& v) {
        return hermite::contract_to_vector(3, x, t, v);
      },
      false);
}
void partial_trace_order_4(benchmark::State& state) {
  contraction(
      state,
      [](const Matrix& x, const auto& t, const Vector&) {
        return hermite::partial_trace_matrix(4, x, t);
      },
      true);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d"})
      ->Args({100000, 100})
      ->Args({20000, 1000})
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK(partial_trace_order_3)->Apply(sizes);
BENCHMARK(power_step_order_3)->Apply(sizes);
BENCHMARK(partial_trace_order_4)->Apply(sizes);

}  // namespace
