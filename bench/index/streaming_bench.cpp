// Streaming estimators on planted rows, a sample at a time, beside the floor of a sample: drawing d
// normal numbers and reading them from the cache twice, for the product with w and for the move of
// w
// (`floor_share`, floor over time). Typed formulas beside the built-in link (`built_in_share`).

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "hermite/products.hpp"
#include "thalweg/base/gaussian.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/index/estimators.hpp"
#include "thalweg/index/formula.hpp"

namespace {

using namespace thalweg;

constexpr std::int64_t kEntries = 50'000'000;  // of all rows together
constexpr std::size_t kBlock = 1 << 15;        // entries that stay in the cache

double stream_seconds(const std::string& method, const std::string& link, int order, int d) {
  const std::int64_t n = kEntries / d;
  const estimation::PlantedModel model(index::parse_formula(link), {}, d, n, Key{1});
  const estimation::Target target = {.order = order, .link = index::parse_formula(link)};
  const auto estimator = index::make_estimator(method);
  const std::vector<std::int64_t> samples = {n};
  return bench::seconds_of(
      [&] { benchmark::DoNotOptimize(estimator->estimate(model, target, samples, {})); });
}

double floor_seconds() {
  std::vector<double> block(kBlock);
  const auto repeat = [&](auto body) {
    return bench::seconds_of([&] {
      for (std::size_t done = 0; done < kEntries; done += kBlock) body(done);
    });
  };
  const double draws = repeat([&](std::size_t done) { fill_gaussian(block, Key{2}, done); });
  const Eigen::Map<const Vector> entries(block.data(), kBlock);
  const double reads = repeat([&](std::size_t) { benchmark::DoNotOptimize(entries.sum()); });
  return draws + 2 * reads;
}

void stream(benchmark::State& state, const std::string& method, int order) {
  const auto d = static_cast<int>(state.range(0));
  const std::string link = "h" + std::to_string(order) + "(z)";
  double seconds = 0;
  for (auto _ : state) seconds = stream_seconds(method, link, order, d);
  const double samples = static_cast<double>(kEntries) / d;
  const double floor = floor_seconds();
  state.counters["ns_a_sample"] = 1e9 * seconds / samples;
  state.counters["floor_ns"] = 1e9 * floor / samples;
  state.counters["floor_share"] = floor / seconds;
}

void dimensions(benchmark::internal::Benchmark* bench) {
  bench->ArgName("d")->Arg(100)->Arg(300)->Arg(1000)->Iterations(1)->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(stream, online_sgd_2, "online-sgd", 2)->Apply(dimensions);
BENCHMARK_CAPTURE(stream, online_sgd_3, "online-sgd", 3)->Apply(dimensions);
BENCHMARK_CAPTURE(stream, smoothed_sgd_3, "smoothed-sgd", 3)->Apply(dimensions);
BENCHMARK_CAPTURE(stream, smoothed_sgd_4, "smoothed-sgd", 4)->Apply(dimensions);

void typed(benchmark::State& state, const std::string& formula) {
  const auto d = static_cast<int>(state.range(0));
  double typed = 0, built_in = 0;
  for (auto _ : state) {
    built_in = stream_seconds("smoothed-sgd", "h3(z)", 3, d);
    typed = stream_seconds("smoothed-sgd", formula, 3, d);
  }
  state.counters["ns_a_sample"] = 1e9 * typed * d / static_cast<double>(kEntries);
  state.counters["built_in_share"] = built_in / typed;
}
BENCHMARK_CAPTURE(typed, polynomial, "(z^3 - 3*z)/sqrt(6)")->Apply(dimensions);
BENCHMARK_CAPTURE(typed, functions, "sin(3*z) + exp(-z^2/2)*h3(z)")->Apply(dimensions);
BENCHMARK_CAPTURE(typed, branches, "abs(z) < 1.5 ? h3(z) : sign(z)*log(1 + z^2)")
    ->Apply(dimensions);

}  // namespace
