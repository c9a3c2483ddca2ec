// Error against cost of third derivatives along k directions, MLP 784-256-256-4, 1,000 examples:
// second differences of gradients in float32 and float64, beside the truth (float64, best step).
// Counter `relative_error`; time in gradients.

#include <chrono>
#include <memory>

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/objective/autograd_objective.hpp"
#include "thalweg/objective/differences.hpp"

namespace {

using namespace thalweg;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void third_derivative(benchmark::State& state, at::ScalarType type) {
  const auto k = state.range(0);
  const std::shared_ptr<const nn::Network> network = nn::make_mlp(784, 4, {.hidden = {256, 256}});
  const auto data = testing::labelled_data(1000, {784}, 4);
  const auto objective_in = [&](at::ScalarType dtype) {
    const auto options = at::TensorOptions().dtype(dtype);
    return std::make_unique<objective::AutogradObjective>(
        objective::network_loss(network, data, objective::LossKind::kMse, options), options);
  };
  const at::Tensor w = network->initial_weights(Key{1});
  const at::Tensor u = testing::random_tensor({k, w.size(0)}, Key{2}).t() /
                       std::sqrt(static_cast<double>(w.size(0)));
  const auto exact = objective_in(at::kDouble);
  const auto step =
      objective::calibrate_difference_step(*exact, w, exact->at(w)->gradient(), u.select(1, 0));
  const at::Tensor truth = exact->at(w)->third_derivative(u, step.step);

  const auto objective = objective_in(type);
  const at::Tensor w_typed = w.to(type), u_typed = u.to(type);
  const auto step_typed = objective::calibrate_difference_step(
      *objective, w_typed, objective->at(w_typed)->gradient(), u_typed.select(1, 0));
  double error = 0, third_seconds = 0, gradient_seconds = 0;
  for (auto _ : state) {
    auto begin = std::chrono::steady_clock::now();
    objective->at(w_typed)->gradient();
    gradient_seconds += seconds_since(begin);
    begin = std::chrono::steady_clock::now();
    const at::Tensor third =
        objective->at(w_typed)->third_derivative(u_typed, step_typed.step).to(at::kDouble);
    third_seconds += seconds_since(begin);
    error = ((third - truth).norm() / truth.norm()).item<double>();
  }
  state.counters["relative_error"] = error;
  state.counters["gradients"] = third_seconds / gradient_seconds;
}

BENCHMARK_CAPTURE(third_derivative, float32, at::kFloat)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(third_derivative, float64, at::kDouble)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
