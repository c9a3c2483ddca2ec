#include "work_cost.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/system.hpp"
#include "thalweg/objective/flop_counter.hpp"
#include "thalweg/objective/memory_meter.hpp"

namespace thalweg::app {
namespace {

/// Median seconds of `work` over `runs`, after one run that is not counted.
double time_median(int runs, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i <= runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const double taken =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (i > 0) seconds.push_back(taken);
  }
  return median(seconds);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

int report_size(const Problem& problem, const std::string& command, const std::string& duration) {
  auto& objective = *problem.objective;
  const auto gradient = [&] { objective.at(problem.initial_weights)->gradient(); };
  const auto direction = at::ones({1, objective.dimension()}, problem.initial_weights.options());
  const auto product = [&] { objective.at(problem.initial_weights)->hessian_times(direction.t()); };
  const double gradient_flops = objective::count_flops(gradient);
  fmt::print("{}: {} parameters, {} examples, {}\n",
             problem.model,
             objective.dimension(),
             problem.examples,
             problem.data);
  fmt::print("gradient           {:.3g} GFLOP, {} of tensors\n",
             gradient_flops * 1e-9,
             size_text(static_cast<double>(objective::peak_tensor_bytes(gradient))));
  fmt::print("Hessian product    {:.3g} GFLOP, {} of tensors with the gradient's graph\n",
             (objective::count_flops(product) - gradient_flops) * 1e-9,
             size_text(static_cast<double>(objective::peak_tensor_bytes(product))));
  fmt::print("eigenvectors       {} with third derivatives, for four directions\n",
             size_text(static_cast<double>(problem.eigen_bytes)));
  if (!duration.empty()) fmt::print("time               {}\n", duration);
  fmt::print("Nothing was run; leave out --dry-run to run thalweg {}.\n", command);
  return 0;
}

WorkCost measure_work(Problem& problem) {
  constexpr int kRuns = 5, kColumns = 4;
  auto& objective = *problem.objective;
  const auto& weights = problem.initial_weights;
  auto block = at::empty({kColumns, objective.dimension()}, at::kDouble);
  fill_normal({block.data_ptr<double>(), static_cast<std::size_t>(block.numel())},
              Key{}.with("cost"));
  block = block.to(objective.options());
  return {
      .gradient_seconds =
          time_median(kRuns, [&] { objective.at(weights)->gradient().sum().item<double>(); }),
      .hessian_product_seconds = time_median(kRuns,
                                             [&] {
                                               const auto loss = objective.at(weights);
                                               loss->hessian_times(block.t()).sum().item<double>();
                                             }) /
                                 kColumns};
}

}  // namespace thalweg::app
