// Gradients and Hessian products beside their floor: the matrix products they consist of, with the
// same shapes, through the same multiplication, threads and process, and nothing else. Counters:
// `over_floor`, `in_gradients` (a column of a block of four, over a gradient).

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "support/small_problem.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/objective/autograd_objective.hpp"

namespace {

using namespace thalweg;

constexpr std::int64_t kExamples = 1000;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// A product (m, k) (k, n) as a network makes them.
struct Product {
  std::int64_t m, k, n;
};

/// All products of one gradient.
struct Floor {
  explicit Floor(const std::vector<Product>& products) {
    for (const auto& [m, k, n] : products) {
      factors.emplace_back(at::randn({m, k}), at::randn({k, n}));
    }
  }
  void run() const {
    for (const auto& [a, b] : factors) benchmark::DoNotOptimize(at::mm(a, b).data_ptr());
  }
  std::vector<std::pair<at::Tensor, at::Tensor>> factors;
};

struct Subject {
  std::shared_ptr<const nn::Network> network;
  std::vector<std::int64_t> example_shape;
  Floor floor;
};

/// Forward, weight gradients and input gradients of linear layers; the first needs no input
/// gradient.
void add_layer(std::vector<Product>& products,
               std::int64_t rows,
               std::int64_t in,
               std::int64_t out,
               bool first) {
  products.push_back({rows, in, out});
  products.push_back({out, rows, in});
  if (!first) products.push_back({rows, out, in});
}

Subject mlp() {
  std::vector<Product> products;
  add_layer(products, kExamples, 784, 256, true);
  add_layer(products, kExamples, 256, 256, false);
  add_layer(products, kExamples, 256, 4, false);
  return {nn::make_mlp(784, 4, {.hidden = {256, 256}}), {784}, Floor(products)};
}

/// A convolution as a product with its unfolded input.
Subject cnn() {
  std::vector<Product> products;
  add_layer(products, kExamples * 28 * 28, 9, 32, true);
  add_layer(products, kExamples * 14 * 14, 32 * 9, 64, false);
  add_layer(products, kExamples, 64 * 7 * 7, 128, false);
  add_layer(products, kExamples, 128, 4, false);
  return {nn::make_cnn({1, 28, 28}, 4), {1, 28, 28}, Floor(products)};
}

void compare(benchmark::State& state, Subject subject) {
  const auto options = at::TensorOptions().dtype(at::kFloat);
  const auto data = testing::labelled_data(kExamples, subject.example_shape, 4);
  objective::AutogradObjective objective(
      objective::network_loss(subject.network, data, objective::LossKind::kMse, options), options);
  const at::Tensor w = subject.network->initial_weights(Key{1}).to(options);
  const at::Tensor v = testing::random_tensor({4, w.size(0)}, Key{2}).to(options).t();
  std::vector<double> floor, gradient, product;
  subject.floor.run();
  objective.at(w)->hessian_times(v);
  for (auto _ :
       state) {  // in turns, so that a machine that changes its speed changes it for all three
    floor.push_back(seconds_of([&] { subject.floor.run(); }));
    gradient.push_back(seconds_of([&] { objective.at(w)->gradient(); }));
    product.push_back(seconds_of([&] { objective.at(w)->hessian_times(v); }) / 4);
  }
  state.counters["floor_ms"] = 1e3 * median(floor);
  state.counters["gradient_ms"] = 1e3 * median(gradient);
  state.counters["gradient_over_floor"] = median(gradient) / median(floor);
  state.counters["product_ms"] = 1e3 * median(product);
  state.counters["product_in_gradients"] = median(product) / median(gradient);
}

BENCHMARK_CAPTURE(compare, mlp_784_256_256_4, mlp())->Iterations(30)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, cnn_32_64_128, cnn())->Iterations(8)->Unit(benchmark::kMillisecond);

}  // namespace
