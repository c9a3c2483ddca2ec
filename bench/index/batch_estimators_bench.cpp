// Estimators that hold their rows, beside one bare symmetric product of the rows (`times_floor`).

#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "hermite/products.hpp"
#include "index/sample_table.hpp"
#include "thalweg/index/estimators.hpp"

namespace {

using namespace thalweg;

void estimator(benchmark::State& state, const std::string& name, int order) {
  const std::int64_t n = state.range(0), d = state.range(1);
  const index::SampleTable table(n, d, Key{8}, [](const double* x) { return x[0] * x[0] + x[0]; });
  const auto method = index::make_estimator(name);
  const std::vector<std::int64_t> samples = {n};
  double seconds = 1e300;
  for (auto _ : state)
    seconds =
        std::min(seconds, bench::seconds_of([&] {
                   benchmark::DoNotOptimize(method->estimate(table, {.order = order}, samples, {}));
                 }));
  const double floor = bench::symmetric_product_seconds(table.x());
  state.counters["ms"] = 1e3 * seconds;
  state.counters["floor_ms"] = 1e3 * floor;
  state.counters["times_floor"] = seconds / floor;
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d"})
      ->Args({20000, 100})
      ->Args({10000, 300})
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(estimator, ols, "ols", 1)->Apply(sizes);
BENCHMARK_CAPTURE(estimator, sir, "sir", 1)->Apply(sizes);
BENCHMARK_CAPTURE(estimator, save, "save", 2)->Apply(sizes);
BENCHMARK_CAPTURE(estimator, phd, "phd", 2)->Apply(sizes);
BENCHMARK_CAPTURE(estimator, partial_trace_2, "partial-trace", 2)->Apply(sizes);
BENCHMARK_CAPTURE(estimator, u_statistic_2, "u-statistic", 2)->Apply(sizes);

}  // namespace
