// Steps of the reduced chain a second on one thread. Aim: 20 million.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "hermite/products.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/reduced_chain.hpp"
#include "thalweg/index/smoothing.hpp"

namespace {

using namespace thalweg;

void reduced_chain(benchmark::State& state, const std::string& link, int order, bool smoothed) {
  constexpr std::int64_t kSteps = 100'000;
  const int d = 1000;
  const double radius = smoothed ? index::default_radius(order, d) : 0;
  const index::ReducedChainOptions options{
      .dimension = d,
      .link = index::parse_formula(link),
      .student = index::hermite_student(order),
      .radius = radius,
      .learning_rate = index::default_learning_rate(order, d, radius, 1),
      .steps = kSteps,
      .overlap2_goal = 2};
  const std::vector<double> start(static_cast<std::size_t>(state.range(0)), 1 / std::sqrt(d));
  double seconds = 0;
  for (auto _ : state)
    seconds = bench::seconds_of(
        [&] { benchmark::DoNotOptimize(index::reduced_chain(options, start, {}, Key{1})); });
  const double steps = static_cast<double>(kSteps) * static_cast<double>(start.size());
  state.counters["million_steps_a_second"] = steps / seconds / 1e6;
}

void chains(benchmark::internal::Benchmark* bench) {
  bench->ArgName("chains")->Arg(8)->Arg(16)->Arg(32)->Iterations(1)->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(reduced_chain, h2, "h2(z)", 2, false)->Apply(chains);
BENCHMARK_CAPTURE(reduced_chain, h3, "h3(z)", 3, false)->Apply(chains);
BENCHMARK_CAPTURE(reduced_chain, h3_smoothed, "h3(z)", 3, true)->Apply(chains);
BENCHMARK_CAPTURE(reduced_chain, h4_smoothed, "h4(z)", 4, true)->Apply(chains);
BENCHMARK_CAPTURE(reduced_chain, T3_smoothed, "T3", 3, true)->Apply(chains);
BENCHMARK_CAPTURE(reduced_chain, typed_smoothed, "(z^3 - 3*z)/sqrt(6)", 3, true)->Apply(chains);

}  // namespace
